/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/units.h"
#include "contract/wire.h"
#include "fuzz.h"
#include "injector/session.h"
#include "tests/unit/injector/host_fake.h"
#include "tests/unit/injector/kills.h"

/*
 * What a controller may send to an injector, on a host in memory. The first byte says whether the
 * host has tcx, and how much time passes between lines.
 */
static void drain(struct session *session)
{
	size_t count;

	while (outbox_peek(&session->out, &count), count)
		outbox_sent(&session->out, count);
}

static void say(struct session *session, const uint8_t *data, size_t size, int64_t step_ns)
{
	struct wire_reader reader;
	struct fail fail = FAIL_INIT;
	const char *line;
	size_t length;

	wire_reader_init(&reader, WIRE_LINE_TO_INJECTOR_MAX);
	fuzz_require(wire_reader_feed(&reader, (const char *)data, size, &fail) == 0);
	while ((line = wire_reader_line(&reader, &length))) {
		session_line(session, line, length);
		drain(session);
		fake.now_ns += step_ns;
		if (!session_tick(session, fake.now_ns))
			break;
		drain(session);
	}
	wire_reader_deinit(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session *session;
	struct fail fail = FAIL_INIT;

	if (!size)
		return 0;
	fake_reset();
	kill_databases();
	fake_name("s3.example.com", "10.0.0.5 fd00::5");
	fake_hang("hangs.example");
	fake.has_tcx = data[0] & 1;
	session = session_new(&kill_config);
	say(session, data + 1, size - 1, (int64_t)(data[0] >> 1) * 20 * NS_PER_MS);
	fuzz_require(session_end(session, &fail) == 0);
	session_free(session);
	fuzz_require(fake_is_clean() && fake_open_count() == 0 && fake_file_count() == 0);
	fuzz_require(!fake_last_signal(1) && !fake_last_signal(41) && !fake_last_signal(42));
	return 0;
}
