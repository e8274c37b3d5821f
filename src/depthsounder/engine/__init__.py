"""Networks: trained, measured, and written as rows of table parts."""
