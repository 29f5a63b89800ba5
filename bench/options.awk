# The table of bench/options, in Markdown, from lines
# "CONFIGURATION|KIND|COUNT|MICROSECONDS|MILLISECONDS": CPU time of one session,
# from all sessions' mean, and how long all lasted, which is nothing if they
# were refused.

BEGIN {
	FS = "|"
	kinds = split("poll dele bigpoll bigdele retr first", kind, " ")
	title["poll"] = "poll, 10"
	title["dele"] = "delete 1 of 10"
	title["bigpoll"] = "poll, 100 MB"
	title["bigdele"] = "delete 1, 100 MB"
	title["retr"] = "RETR 100 MB"
	title["first"] = "first UIDL, 1 GB"
}

{
	if (!($1 in seen)) {
		seen[$1] = 1
		names[++rows] = $1
	}
	n = ++count[$1, $2]
	cpu[$1, $2, n] = $4 / 1000
	time[$1, $2, n] = $5 / $3
	if ($5 == "")
		refused[$1] = 1
}

function median(values, name, k,    n, i, j, v, t) {
	n = count[name, k]
	for (i = 1; i <= n; i++) {
		t = values[name, k, i]
		for (j = i; j > 1 && v[j - 1] > t; j--)
			v[j] = v[j - 1]
		v[j] = t
	}
	return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}

function cell(values, name, k,    m, base) {
	if (name in refused)
		return "refused"
	m = median(values, name, k)
	base = median(values, names[1], k)
	return sprintf(m < 10 ? "%.2f (%.2f)" : "%.0f (%.2f)", m,
	    base > 0 ? m / base : 0)
}

function table(values, head,    r, k) {
	printf "%s; in brackets, how many times that of the first row:\n\n", head
	printf "| %-32s |", "configuration"
	for (k = 1; k <= kinds; k++)
		printf " %16s |", title[kind[k]]
	printf "\n|---|"
	for (k = 1; k <= kinds; k++)
		printf "---:|"
	print ""
	for (r = 1; r <= rows; r++) {
		printf "| %-32s |", names[r]
		for (k = 1; k <= kinds; k++)
			printf " %16s |", cell(values, names[r], kind[k])
		print ""
	}
}

END {
	table(cpu, "CPU of the server, ms a session")
	print ""
	table(time, "How long a session lasts, ms")
}
