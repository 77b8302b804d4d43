"""Referral: which relay can help, and what becomes of a person's yes to it.

From the directory of relays (HSDS, `deploy/directory/`), the place of the person in danger, the
hour and what they need, for the human who speaks with them. The directory answers with reasons and
with what speaks against each row; a human chooses, the person consents, and only then does a
referral carry the least to the relay. A question of fact is answered from information cards, of
which none is shown outside its dates.

Read `app.py` first, then `domain.py`: what becomes of a referral stands here. Four rooms beside it:
`directory` (who can help), `lists` (the directory as files), `cards` and `partners` (who is told).
"""
