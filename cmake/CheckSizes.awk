# SPDX-License-Identifier: BSD-2-Clause
# awk -f CheckSizes.awk FILE...
#
# Names files and functions that are too long.  A function is found by its
# shape, which clang-format guarantees: its braces stand alone in the first
# column, and its head begins at the first line before them that starts in the
# first column with a word.

BEGIN {
	file_max = 600
	public_max = 250 # a file of include/, which everybody reads
	function_max = 80
}

FNR == 1 {
	file_end()
	name = FILENAME
	start = body = 0
}

{ last = FNR }

/^$/ || /;[ \t]*$/ { if (!body) start = 0 }
/^[A-Za-z_]/ && !body && !start { start = FNR; head = $0 }
/^\{/ { body = 1; if (!start) { start = FNR; head = "a function" } }
/^\}/ {
	if (body && FNR - start + 1 > function_max)
		complain(start ": " FNR - start + 1 " lines, " \
			 function_max " at most: " head)
	start = body = 0
}

END {
	file_end()
	exit failed
}

function file_end()
{
	most = name ~ /^include\// ? public_max : file_max
	if (last > most)
		complain(last " lines, " most " at most")
	last = 0
}

function complain(text)
{
	print name ":" text
	failed = 1
}
