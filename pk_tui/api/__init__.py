"""The counter between the hall and its windows: promises, frozen views and events, and no work.

Ask, then be told: methods return views or raise a PkError kind; events say only what changed, by id, and whoever shows it
reads again. A lost or doubled event is therefore harmless.
"""
