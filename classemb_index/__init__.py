"""classemb-index: find and learn rare classes in a pool of documents that is embedded once.

Nothing heavy is imported before it is used: names load their module on first access.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
