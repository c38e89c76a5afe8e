"""`uskat evidence`, `uskat arshin`: sealed days, packs, the register of verifications."""
