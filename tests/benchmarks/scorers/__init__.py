"""How good scorers are by language, rewrite and the like, and what was tried for them."""
