# The table of the benchmark, in Markdown, from lines "SERVER KEY VALUE": the
# medians, popper's against the others', and what is aimed at.  In an aim d is
# Dovecot's figure and a popa3d's.

function row(key, name, scale, digits, aim) {
	keys[++rows] = key
	names[rows] = name
	scales[rows] = scale
	places[rows] = digits
	aims[rows] = aim
}

BEGIN {
	row("login", "log-in sessions a second, 8 at once", 1, 0,
	    ">=2.5a >=3.5d >=0.8apop")
	row("cpu", "server's CPU a session, us", 1, 0, "<=500")
	row("apop", "the same by APOP, a second", 1, 0, ">=2a >=3d")
	row("apopcpu", "server's CPU a session by APOP, us", 1, 0, "")
	row("scram", "the same by SCRAM-SHA-256, a second", 1, 0, "")
	row("scramcpu", "server's CPU a session by SCRAM-SHA-256, us", 1, 0,
	    "")
	row("small", "2 KB messages one by one, a second", 1, 0, ">=3d")
	row("retr", "RETR of 20 x 20 MB one by one, MB/s", 1, 0, ">=3d")
	row("retrpipe", "RETR of 20 x 20 MB pipelined, MB/s", 1, 0, ">=2a")
	row("open", "opening 1 GB, 100,000 messages, ms", 1, 1, "<=90")
	row("open10", "opening 10 messages, ms", 1, 2, "")
	row("again", "opening 1 GB again, ms", 1, 1, "<=5")
	row("again10", "opening 10 messages again, ms", 1, 2, "")
	row("uidl", "first UIDL of 1 GB, MB/s", -1e6, 0, ">=500")
	row("allretr", "RETR of 100,000 x 10 KB one by one, ms", 1000, 0, "")
	row("allretrpipe", "RETR of 100,000 x 10 KB pipelined, ms", 1000, 0,
	    "<=0.5a")
	row("dele", "QUIT, 1 deleted in the middle of 1 GB, ms", 1, 0,
	    "<=1a <=0.125d")
	row("pss10", "memory of a lone idle log-in, 10 messages, KB", 1, 0, "<=150")
	row("pss", "memory of a lone idle log-in, 100,000 messages, KB", 1, 0,
	    "<=150")
	row("idletime", "1,000 idle log-ins at once, s", 1, 2, "")
	row("idlequit", "their NOOP and QUIT, s", 1, 2, "")
	row("idleone", "memory of one of 1,000 idle log-ins, KB", 1, 0, "<=150")
	row("idlemem", "memory of server and 1,000 idle log-ins, MB",
	    1 / 1024, 0, "")
	row("tls", "log-ins by TLS at once, full handshake, a second", 1, 0, ">=1.25d")
	row("tlscpu", "server's CPU a session by TLS, us", 1, 0, "")
	row("tlsresume", "log-ins by TLS, resumed, a second", 1, 0, ">=2.5d")
	row("tlsresumecpu", "server's CPU a session by TLS, resumed, us", 1, 0,
	    "")
	row("tlsrsa", "log-ins by TLS, full, RSA-2048, a second", 1, 0, "")
	row("tlsrsacpu", "server's CPU a session by TLS, RSA-2048, us", 1, 0,
	    "")
	row("stls", "log-ins by STLS, full handshake, a second", 1, 0, "")
	row("stlscpu", "server's CPU a session by STLS, us", 1, 0, "")
	row("tlsretr", "RETR of 20 x 20 MB, AES-128-GCM, MB/s", 1, 0, ">=2d")
	row("tlsretr13", "the same by TLS 1.3, MB/s", 1, 0, "")
	row("tlspss10", "memory of a lone idle TLS log-in, KB", 1, 0, "<=250")
	row("tlsidletime", "1,000 idle TLS log-ins at once, s", 1, 2, "")
	row("tlsidlequit", "their NOOP and QUIT, s", 1, 2, "")
	row("tlsidleone", "memory of one of 1,000 idle TLS log-ins, KB", 1, 0,
	    "<=250")
	row("tlsidlemem", "memory of server and 1,000 idle TLS log-ins, MB",
	    1 / 1024, 0, "")
	split("popper dovecot popa3d", servers)
}

/^# [0-9]/ {
	head = substr($0, 3)
	next
}
/^#/ {
	note[++notes] = substr($0, 3)
	next
}
{
	n = ++count[$1, $2]
	value[$1, $2, n] = $3
	if ($3 == "failed")
		failed[$1, $2] = 1
}

function median(server, key,    n, i, j, v, t) {
	if (!((server, key) in count) || (server, key) in failed)
		return ""
	n = count[server, key]
	for (i = 1; i <= n; i++) {
		t = value[server, key, i] + 0
		for (j = i; j > 1 && v[j - 1] > t; j--)
			v[j] = v[j - 1]
		v[j] = t
	}
	return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}

# A scale below zero: how much of it a second, the value being milliseconds.
function figure(server, r,    v) {
	v = median(server, keys[r])
	if (v == "")
		return ""
	return scales[r] < 0 ? -scales[r] / v : v * scales[r]
}

# What a server does not have is no failure.
function show(server, r, v) {
	if (v != "")
		return sprintf("%.*f", places[r], v)
	return (server, keys[r]) in count ? "failed" : "-"
}

function ratio(p, other) {
	if (p == "" || other == "" || other == 0)
		return "-"
	return sprintf(p / other < 0.1 ? "%.3f" : "%.2f", p / other)
}

# Is one aim, as ">=2.5a", or ">=0.8apop" of popper's own, met?  "?" if the
# other has no figure.
function met(aim, p, d, a,    bound, other) {
	bound = substr(aim, 3) + 0
	if (aim ~ /[a-z]$/) {
		other = aim ~ /[0-9]a$/ ? a : aim ~ /[0-9]d$/ ? d : \
		    median("popper", substr(aim, match(aim, /[a-z]/)))
		if (other == "")
			return "?"
		bound *= other
	}
	if (p != "" && (aim ~ /^>/ ? p >= bound : p <= bound))
		return "yes"
	return "no"
}

# ">=2.5a <=1d" for people
function aim_text(aims,    i, n, part, text) {
	n = split(aims, part, " ")
	for (i = 1; i <= n; i++) {
		sub(/=/, "= ", part[i])
		if (sub(/apop$/, "", part[i]))
			part[i] = part[i] " x APOP"
		else if (sub(/a$/, "", part[i]))
			part[i] = part[i] " x popa3d"
		else if (sub(/d$/, "", part[i]))
			part[i] = part[i] " x Dovecot"
		text = text (i > 1 ? ", " : "") part[i]
	}
	return n ? text : "-"
}

END {
	line = "%-50s | %9s | %9s | %9s | %8s | %8s | %-48s | %s\n"
	printf "%s, CPU by %s:\n\n", head, by
	printf "| " line, "row", "popper", "Dovecot", "popa3d", "/Dovecot",
	    "/popa3d", "aim", "met |"
	printf "|---|---:|---:|---:|---:|---:|---|---|\n"
	for (r = 1; r <= rows; r++) {
		if (!(("popper", keys[r]) in count) &&
		    !(("dovecot", keys[r]) in count))
			continue
		p = figure("popper", r)
		d = figure("dovecot", r)
		a = figure("popa3d", r)
		n = split(aims[r], parts, " ")
		ok = n ? "yes" : "-"
		for (i = 1; i <= n; i++) {
			one = met(parts[i], p, d, a)
			if (one == "no" || one == "?" && ok == "yes")
				ok = one
		}
		printf "| " line, names[r], show("popper", r, p),
		    show("dovecot", r, d), show("popa3d", r, a), ratio(p, d),
		    ratio(p, a), aim_text(aims[r]), ok " |"
	}
	for (i = 1; i <= notes; i++)
		printf "\n%s\n", note[i]
}
