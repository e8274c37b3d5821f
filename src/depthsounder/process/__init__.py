"""What any job needs to run, to be rerun when its code changes, and to be alone in its folder; and numbers in words."""
