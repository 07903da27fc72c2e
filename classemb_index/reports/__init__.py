"""Results for readers: tables, pictures, pages."""
