"""The researcher's side: an account, and pages that show how a study is going."""
