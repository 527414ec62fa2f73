"""What is said of mistakes in `promoter.yaml`: where, why, and what to write instead."""
