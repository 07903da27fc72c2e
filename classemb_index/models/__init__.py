"""What computes: encoders, classifiers, masked language models; knows no pool and no index."""
