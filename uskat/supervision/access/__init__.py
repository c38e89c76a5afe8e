"""Who may act: roles of people, the chain of refresh tokens, what failed sign-ins lead to."""
