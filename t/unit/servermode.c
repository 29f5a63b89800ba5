/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "servermode.h"

static unsigned asked;

/* Groups of a machine that is not there. */
static int
ask(const struct userdb *db, const char *group, const char *user,
    struct userdb_group *g, struct err *e)
{
	(void)db;
	assert_string_equal(user, "alice");
	asked++;
	if (strcmp(group, "broken") == 0)
		return err_set(e, ERR_TEMP, "broken");
	if (strcmp(group, "nobody's") == 0)
		return 0;
	g->gid = strcmp(group, "primary") == 0 ? 100 : 7;
	g->lists = strcmp(group, "listed") == 0;
	return 1;
}

static const struct {
	const char *on, *off; /* the two options */
	bool before, want;
	unsigned asked;
} row[] = {
	{ NULL, NULL, false, false, 0 },
	{ NULL, NULL, true, true, 0 },
	{ "primary", NULL, false, true, 1 },
	{ "listed", NULL, false, true, 1 },
	{ "others", NULL, false, false, 1 },
	{ "others", NULL, true, true, 1 },
	{ NULL, "primary", true, false, 1 },
	{ NULL, "listed", true, false, 1 },
	{ NULL, "others", true, true, 1 },
	{ NULL, "others", false, false, 1 },
	/* no has the last word */
	{ "primary", "listed", false, false, 2 },
	{ "listed", "primary", true, false, 2 },
	{ "primary", "others", false, true, 2 },
	{ "others", "primary", true, false, 2 },
	/* a group that is not there has no members */
	{ "nobody's", NULL, false, false, 1 },
	{ NULL, "nobody's", true, true, 1 },
	{ "broken", "listed", true, false, 2 },
	{ "primary", "broken", false, true, 2 },
};

static void
groups(void **state)
{
	struct auth_ident id = { .gid = 100, .user = "alice" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		struct config c = { .server_mode = row[i].before,
			.group_server_mode = (char *)(uintptr_t)row[i].on,
			.group_no_server_mode = (char *)(uintptr_t)row[i].off };

		asked = 0;
		servermode_groups(&c, &id, ask);
		CHECK(c.server_mode == row[i].want && asked == row[i].asked,
		    "row %zu: %d, asked %u times", i, c.server_mode, asked);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups),
	};

	/* its lines are not for the test's output */
	log_open("test", false, -1, 0);
	if (log_trace("/dev/null") == -1)
		return 1;
	return cmocka_run_group_tests_name("servermode", tests, NULL, NULL);
}
