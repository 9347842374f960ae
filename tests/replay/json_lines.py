#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""json_lines.py CT-REPLAY CAPTURE...: JSON Lines that any reader of JSON takes.

Each line is one flat object; the events are those of the text form.
"""

import json
import subprocess
import sys

NAMES = {"event", "event_time_ns", "protocol", "orig_src", "reply_dst"}


def lines(tool, *args):
    done = subprocess.run(
        [tool, "--no-summary", *args],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout.splitlines()


def flat(value):
    if isinstance(value, list):
        return all(isinstance(part, str) for part in value)
    return not isinstance(value, dict)


def main():
    tool, *captures = sys.argv[1:]
    for capture in captures:
        texts = lines(tool, capture)
        objects = [json.loads(line) for line in lines(tool, "-o", "json", capture)]
        assert len(texts) == len(objects) > 0, capture
        for text, event in zip(texts, objects):
            assert NAMES <= event.keys(), (capture, event)
            assert all(map(flat, event.values())), (capture, event)
            assert f"[{event['event'].upper()}]" in text, (text, event)
            assert f" src={event['orig_src']} " in text, (text, event)


main()
