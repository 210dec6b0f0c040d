/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "contract/file.h"
#include "contract/list.h"
#include "page_server.h"
#include "tests/unit/report/told.h"

/*
 * report.html in a real browser, served as CI servers do it: under a policy that forbids scripts
 * and inline styles. A page of the test's own holds it in frames of a desktop's and a phone's
 * width, measures, and is read back from the browser as text.
 */
#define POLICY "default-src 'none'; img-src 'self'; style-src 'self'"
#define POLICY_WITHOUT_STYLES "default-src 'none'"
#define BROWSER "chromium"

enum {
	BROWSER_PATIENCE_S = 120,
	SKIPPED = 77
};

/* --- the browser ------------------------------------------------------------------------- */

struct seen {
	char *dom, *console; /* what it read, and what it complained of */
};

static char *slurp(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);

	assert_non_null(text);
	assert_int_equal(pread(fd, text, (size_t)size, 0), size);
	close(fd);
	return text;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static int64_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* In a process group of its own, of which nothing is left. */
static int await_browser(pid_t pid)
{
	int64_t until_s = now_s() + BROWSER_PATIENCE_S;
	int status = 0;
	pid_t got;

	while ((got = waitpid(pid, &status, WNOHANG)) == 0 && now_s() < until_s)
		nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	kill(-pid, SIGKILL);
	if (got == 0) {
		waitpid(pid, &status, 0);
		fail_msg("the browser did not end within %d s", BROWSER_PATIENCE_S);
	}
	return status;
}

static pid_t start_browser(const char *url, const char *profile, int out, int err)
{
	char data[96];
	char *argv[] = {(char *)BROWSER, (char *)"--headless", (char *)"--no-sandbox",
		(char *)"--disable-gpu", (char *)"--no-first-run",
		(char *)"--disable-background-networking", (char *)"--disable-component-update",
		(char *)"--disable-sync", (char *)"--enable-logging=stderr", data,
		(char *)"--window-size=1400,1000", (char *)"--virtual-time-budget=20000",
		(char *)"--dump-dom", (char *)url, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int error;
	pid_t pid;

	snprintf(data, sizeof(data), "--user-data-dir=%s", profile);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, err, 2);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	error = posix_spawnp(&pid, argv[0], &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (error)
		fail_msg("%s: %s", argv[0], strerror(error));
	return pid;
}

static struct seen look_at(const struct server *server, const char *path)
{
	char profile[] = "/tmp/backburn-browser-XXXXXX", url[128];
	int out = memfd_create("dom", MFD_CLOEXEC), err = memfd_create("log", MFD_CLOEXEC);
	struct seen seen;
	int status;

	assert_true(out >= 0 && err >= 0);
	assert_non_null(mkdtemp(profile));
	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", server->port, path);
	status = await_browser(start_browser(url, profile, out, err));
	nftw(profile, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	seen = (struct seen){.dom = slurp(out), .console = slurp(err)};
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("the browser failed:\n%s", seen.console);
	return seen;
}

static void seen_free(struct seen *seen)
{
	free(seen->dom);
	free(seen->console);
}

/*
 * The measuring page, which writes "end" last. The browser's virtual clock can run out while a busy
 * machine loads the frames; then it is asked again.
 */
static struct seen measure(const struct server *server)
{
	struct seen seen = look_at(server, "/measure.html");

	for (int again = 0; again < 3 && !strstr(seen.dom, "\nend"); again++) {
		seen_free(&seen);
		seen = look_at(server, "/measure.html");
	}
	return seen;
}

static bool have_browser(void)
{
	const char *directories = getenv("PATH");
	char *copy = strdup(directories ? directories : "/usr/bin"), *save = NULL;
	bool found = false;

	assert_non_null(copy);
	for (char *directory = strtok_r(copy, ":", &save); directory && !found;
		directory = strtok_r(NULL, ":", &save)) {
		char path[512];

		snprintf(path, sizeof(path), "%s/%s", directory, BROWSER);
		found = access(path, X_OK) == 0;
	}
	free(copy);
	return found;
}

/* --- the page that measures ----------------------------------------------------------------- */

/*
 * One line of text for each frame: "path width: key=value …". Elements that stand out at the right
 * count unless they are inside a box that scrolls; `lines` are colours of the chart's first line,
 * as computed; `words` are of the text that can be seen.
 */
static const char measuring[] =
	"<!DOCTYPE html><html><body><pre id='result'></pre><script>\n"
	"const frames = [['/report.html', 1280], ['/report.html', 375], ['/bare.html', 1280],\n"
	"  ['/killed.html', 1280], ['/killed.html', 375], ['/cut.html', 1280],\n"
	"  ['/cut.html', 375], ['/members.html', 1280], ['/members.html', 375],\n"
	"  ['/lost.html', 1280], ['/lost.html', 375], ['/damaged.html', 1280],\n"
	"  ['/damaged.html', 375]];\n"
	"function measure(path, width, page) {\n"
	"  const root = page.documentElement, view = page.defaultView;\n"
	"  const out = [...page.querySelectorAll('body *')].filter(e => !e.closest('.box *') &&\n"
	"    e.getBoundingClientRect().right > root.clientWidth + 1);\n"
	"  const line = page.querySelector('svg.chart .c-line');\n"
	"  const row = page.querySelector('table.claims tbody tr');\n"
	"  const text = page.body.innerText;\n"
	"  const links = [...page.querySelectorAll('a[href^=\"#\"]')];\n"
	"  const broken = links.filter(a => !page.getElementById(a.hash.slice(1)));\n"
	"  const sections = page.querySelectorAll('section[id]').length;\n"
	"  const ids = [...page.querySelectorAll('[id]')].map(e => e.id);\n"
	"  return `${path} ${width}: scroll=${root.scrollWidth > root.clientWidth} ` +\n"
	"    `standing-out=${out.map(e => e.tagName + '.' + e.className).join() || 'none'} ` +\n"
	"    `line=${view.getComputedStyle(line).stroke} "
	"rows=${view.getComputedStyle(row).display} ` +\n"
	"    `verdict=${text.trimStart().slice(0, 4)} claims=${text.includes('never breached') ||\n"
	"    text.includes('recovered 2.00s')} limits=${text.includes('The revert proof "
	"compares')} ` +\n"
	"    `height=${root.scrollHeight > 2000} ` +\n"
	"    `anchors=${links.length === sections && sections > 5} ` +\n"
	"    `broken=${broken.map(a => a.hash).join() || 'none'} ` +\n"
	"    `twice=${ids.filter((id, i) => ids.indexOf(id) !== i).join() || 'none'} ` +\n"
	"    `first=${text.slice(0, text.indexOf('What it cost', 1)).replace(/\\s+/g, ' ')}`;\n"
	"}\n"
	"function look([path, width]) {\n"
	"  return new Promise(done => {\n"
	"    const frame = document.createElement('iframe');\n"
	"    frame.width = width; frame.height = 900; frame.src = path;\n"
	"    frame.onload = () => done(measure(path, width, frame.contentDocument));\n"
	"    document.body.append(frame);\n"
	"  });\n"
	"}\n"
	"Promise.all(frames.map(look)).then(lines => {\n"
	"  document.querySelectorAll('iframe').forEach(e => e.remove());\n"
	"  document.getElementById('result').textContent = lines.join('\\n') + '\\nend';\n"
	"}, error => { document.getElementById('result').textContent = String(error); });\n"
	"</script></body></html>\n";

/* Hostile and long names, which must neither run nor widen the page. */
static char *the_page(char **out_css)
{
	cJSON *tree = given_tree();
	struct fail fail = FAIL_INIT;
	char path[160];
	struct report report;
	struct told told;
	size_t length;
	char *html;

	given_set(tree, "hypothesis",
		"'<script>document.title=1</script><style>body{display:none}</style> <b style=x>'");
	given_set(tree, "owner.team",
		"'averyveryveryveryveryveryveryveryverylongnamewithoutanyblankinitatall'");
	given_set(tree, "invariants[1].why",
		"'https://wiki.example/a/very/long/address/without/a/place/to/break/it/at/all'");
	told_begin(&told, tree);
	told_run(&told);
	told_event(&told, "note", SECONDS(67), "'text':'%s'",
		"0123456789012345678901234567890123456789012345678901234567890123456789");
	told_run_ends(&told, 100);
	told_event(&told, "audit", SECONDS(71),
		"'node':'n2','when':'after','state':['link eth0','rule inet src 0 dst 0 tos 0 "
		"table 253 "
		"action 1 flags 0 a15=fd000000 a14=ffffffff a21=02 a6=ff7f0000'],'residue':[]");
	told_report(&told, &report);
	html = told_form(&report, report_html);
	assert_int_equal(report_write(&report, told.dir, &fail), 0);
	snprintf(path, sizeof(path), "%s/report.css", told.dir);
	assert_int_equal(file_read(path, 1 << 20, out_css, &length, &fail), 0);
	report_deinit(&report);
	told_end(&told);
	return html;
}

/* --- pages of other runs -------------------------------------------------------------------- */

static char *killed_page(void)
{
	struct told told;

	told_kill(&told);
	return told_finish(&told, report_html);
}

/* The controller was killed while the fault was on. */
static char *cut_page(void)
{
	struct told told;

	told_begin(&told, given_tree());
	told_run(&told);
	return told_finish(&told, report_html);
}

/* More members than a phone is wide, one of them with a long name. */
static char *members_page(void)
{
	struct told told;

	told_begin(&told, given_tree());
	for (int i = 0; i < 14; i++) {
		char name[64];

		snprintf(name, sizeof(name), i ? "n%d" : "member-with-a-name-that-is-long", i);
		told_event(&told, "source", 0,
			"'probe':'put','from':'client','to':'%s','start_ns':0,'rate':50", name);
		for (int second = 0; second < 40; second++)
			told_member_second(
				&told, name, second * 50, second % 14 == i ? "b50" : "g50");
	}
	told_event(&told, "run_ended", SECONDS(40), "'end':true");
	return told_finish(&told, report_html);
}

/* Lost writes, a near miss, an earlier run, findings: all that stands behind the numbers. */
static char *lost_page(void)
{
	cJSON *tree = given_tree();
	struct report report;
	struct told told;
	char *html;

	given_set(tree, "guardrails.stop_if",
		"[{'id':'a-rule-with-a-name-that-is-long-and-has-no-blank-in-it','slo':'avail',"
		"'no_good_for':'3s'}]");
	told_begin(&told, tree);
	told_run(&told);
	told_run_ends(&told, 60);
	told_report(&told, &report);
	*(struct trend_run *)list_push(&report.trend, sizeof(struct trend_run)) =
		(struct trend_run){.directory = strdup("20261128-234605-a-run-of-long-ago"),
			.started = strdup("2026-01-01T00:00:00Z"),
			.verdict = strdup("HELD"),
			.reason = strdup("every gate is met")};
	html = told_form(&report, report_html);
	report_deinit(&report);
	told_end(&told);
	return html;
}

/* Lines that nobody can read, one of them with what looks like markup. */
static char *damaged_page(void)
{
	struct told told;

	told_begin(&told, given_tree());
	told_run(&told);
	told_line(&told, "<script>alert(1)</script><section id=\"x\"><h2>");
	told_line(&told,
		"{\"event\":\"<section id=averyveryveryveryveryverylongeventwithoutablank>\"}");
	told_run_ends(&told, 100);
	return told_finish(&told, report_html);
}

struct fixture {
	struct server server;
	char *html, *css, *killed, *cut, *members, *lost, *damaged;
};

static int set_up(void **state)
{
	static struct fixture fixture;

	fixture.html = the_page(&fixture.css);
	fixture.killed = killed_page();
	fixture.cut = cut_page();
	fixture.members = members_page();
	fixture.lost = lost_page();
	fixture.damaged = damaged_page();
	fixture.server = (struct server){
		.pages = {{"/report.html", "text/html; charset=utf-8", POLICY, fixture.html},
			{"/bare.html", "text/html; charset=utf-8", POLICY_WITHOUT_STYLES,
				fixture.html},
			{"/killed.html", "text/html; charset=utf-8", POLICY, fixture.killed},
			{"/cut.html", "text/html; charset=utf-8", POLICY, fixture.cut},
			{"/members.html", "text/html; charset=utf-8", POLICY, fixture.members},
			{"/lost.html", "text/html; charset=utf-8", POLICY, fixture.lost},
			{"/damaged.html", "text/html; charset=utf-8", POLICY, fixture.damaged},
			{"/report.css", "text/css", NULL, fixture.css},
			{"/measure.html", "text/html", NULL, measuring},
			{"/forbidden.html", "text/html", POLICY,
				"<!DOCTYPE html><p style=\"color:red\">x<script>alert(1)</script>"},
			{"/favicon.ico", "image/x-icon", NULL, ""}}};
	server_start(&fixture.server);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	server_stop(&fixture->server);
	free(fixture->html);
	free(fixture->killed);
	free(fixture->cut);
	free(fixture->members);
	free(fixture->lost);
	free(fixture->damaged);
	free(fixture->css);
	return 0;
}

/* --- tests ------------------------------------------------------------------------------- */

/* The line of the result that begins with `start`; the caller frees. */
static char *result_of(const struct seen *seen, const char *start)
{
	const char *line = strstr(seen->dom, start);
	char *copy;

	if (!line || !strstr(seen->dom, "\nend")) {
		fail_msg("nothing was measured:\n%s\n%s", seen->dom, seen->console);
		return NULL;
	}
	copy = strndup(line, strcspn(line, "\n"));
	assert_non_null(copy);
	return copy;
}

static void it_fits_a_desktop_and_a_phone(void **state)
{
	static const struct {
		const char *start, *rows;
	} frames[] = {
		{"/report.html 1280: ", "rows=table-row"}, {"/report.html 375: ", "rows=block"}};
	struct fixture *fixture = *state;
	struct seen seen = measure(&fixture->server);

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		char *line = result_of(&seen, frames[i].start);

		assert_has(line, "scroll=false standing-out=none");
		/* The sheet is in force: a phone has a card for each claim. */
		assert_has(line, frames[i].rows);
		assert_has(line, "verdict=REVE claims=true limits=true height=true");
		free(line);
	}
	seen_free(&seen);
}

/* Each kind of run fits, and says what happened and whether all is clean before anything else. */
static void every_kind_of_run_fits_and_says_it_first(void **state)
{
	static const struct {
		const char *path, *first;
	} pages[] = {
		{"/killed.html", "cut-leader: kill on n2, at T+31.000 s; effect partly proven"},
		{"/cut.html", "revert NOT CONFIRMED on n1 (and on 2 others)"},
		{"/members.html", "no node was touched"},
		{"/lost.html", "not as expected: no-loss"},
		{"/damaged.html", "2 lines of the journal could not be read, the first at line 92"},
	};
	static const int widths[] = {1280, 375};
	struct fixture *fixture = *state;
	struct seen seen = measure(&fixture->server);

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]) * 2; i++) {
		char start[64], *line;

		snprintf(start, sizeof(start), "%s %d: ", pages[i / 2].path, widths[i % 2]);
		line = result_of(&seen, start);
		assert_has(line, "scroll=false standing-out=none");
		assert_has(line, "anchors=true broken=none twice=none");
		assert_has(strstr(line, "first="), pages[i / 2].first);
		free(line);
	}
	seen_free(&seen);
}

static void the_browser_is_quiet_about(const struct server *server, const char *path)
{
	struct seen seen = look_at(server, path);

	assert_has(seen.dom, "</footer>");
	assert_has_not(seen.console, "CONSOLE");
	seen_free(&seen);
}

static void no_kind_of_run_gives_it_cause(void **state)
{
	struct fixture *fixture = *state;

	the_browser_is_quiet_about(&fixture->server, "/killed.html");
	the_browser_is_quiet_about(&fixture->server, "/cut.html");
	the_browser_is_quiet_about(&fixture->server, "/members.html");
	the_browser_is_quiet_about(&fixture->server, "/lost.html");
	the_browser_is_quiet_about(&fixture->server, "/damaged.html");
}

static void without_styles_it_can_be_read(void **state)
{
	struct fixture *fixture = *state;
	struct seen seen = measure(&fixture->server);
	char *line = result_of(&seen, "/bare.html 1280: ");

	assert_has(line, "verdict=REVE claims=true limits=true height=true");
	/* #2a5a9c, the chart's own attribute */
	assert_has(line, "line=rgb(42, 90, 156)");
	free(line);
	seen_free(&seen);
}

static void the_browser_has_nothing_to_complain_of(void **state)
{
	struct fixture *fixture = *state;
	struct seen seen = look_at(&fixture->server, "/report.html");

	assert_has(seen.dom, "<strong>REVERT NOT CONFIRMED</strong>");
	/* What looked like markup is text. */
	assert_has(seen.dom, "&lt;script&gt;document.title=1&lt;/script&gt;");
	assert_has_not(seen.dom, "<style");
	assert_has_not(seen.console, "CONSOLE");
	seen_free(&seen);
	/* It would, and it would be heard. */
	seen = look_at(&fixture->server, "/forbidden.html");
	assert_has(seen.console, "CONSOLE");
	seen_free(&seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_fits_a_desktop_and_a_phone),
		cmocka_unit_test(every_kind_of_run_fits_and_says_it_first),
		cmocka_unit_test(no_kind_of_run_gives_it_cause),
		cmocka_unit_test(without_styles_it_can_be_read),
		cmocka_unit_test(the_browser_has_nothing_to_complain_of),
	};

	if (!have_browser()) {
		print_message("no %s here\n", BROWSER);
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
