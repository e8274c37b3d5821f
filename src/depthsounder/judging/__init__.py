"""What is made of the numbers: verdicts, paired comparisons, and the changes between two runs."""
