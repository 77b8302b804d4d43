"""Partner organisations: who they are, what each is told and answers, and their webhooks."""
