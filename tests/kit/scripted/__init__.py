"""Servers, models and people that answer as a script says: endpoints, the hub, judges, writers, fakes.

Here is where a new kind of answer goes, be it an odd one. A real server with a tiny model is here too.
"""
