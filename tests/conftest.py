"""What holds for every test: hypothesis draws the same examples each time, so that a run can be repeated.

`pytest --hypothesis-profile=default` draws others, to look for what nobody has thought of.
"""

from hypothesis import settings

settings.register_profile("same_examples", derandomize=True)
settings.load_profile("same_examples")
