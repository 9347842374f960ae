#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Does golden.py still judge the pairs of compare_pairs.json as written there?

    compare_pairs.py            exit 1 if not
    compare_pairs.py --write    write its judgements down
"""

import json
import sys

sys.path.insert(0, 'kernel')
import golden

PAIRS = 'compare_pairs.json'


def judge(pair):
    """The paths at which the two records of a pair differ, by golden.py."""
    records = [{'rec': 'packet', 'i': 7, **pair[side]} for side in ('expected', 'actual')]
    return [path for path, _, _ in golden.compare(records[:1], records[1:], pair.get('keys'))]


def main():
    with open(PAIRS) as handle:
        pairs = json.load(handle)
    wrong = [pair for pair in pairs if pair.get('differ') != judge(pair)]
    if sys.argv[1:] == ['--write']:
        for pair in pairs:
            pair['differ'] = judge(pair)
        with open(PAIRS, 'w') as handle:
            handle.write('[\n' + ',\n'.join(json.dumps(pair) for pair in pairs) + '\n]\n')
        return 0
    for pair in wrong:
        print(f'{pair["title"]}: {judge(pair)}')
    return 1 if wrong or not pairs else 0


if __name__ == '__main__':
    sys.exit(main())
