"""The public status page: what is out, whom to call instead, and when the next word comes.

Files and nothing else, so that they can stand on another host and are there when the platform is
gone. The surprising thing: a page cannot know that nobody has written for an hour, so each says by
when the next word comes, and a script of eight lines says that it did not.
"""
