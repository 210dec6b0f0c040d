/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_ORDERS_H
#define BACKBURN_PROBER_ORDERS_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/histogram.h"
#include "contract/shape.h"
#include "contract/units.h"
#include "controller/prober/retry.h"
#include "controller/texts/text_match.h"

/*
 * What the controller and its prober (`backburn probe`) say to each other, in the framing of
 * contract/wire.h. Requests: hello, ping, probe, workload, final_read, stop. Notifications from
 * the prober: window, operations. Times are nanoseconds of the prober's CLOCK_MONOTONIC.
 * Both directions may use lines up to WIRE_LINE_TO_INJECTOR_MAX.
 *
 * stop: no new events; its reply comes after the last window has been sent, which is cut short at
 * the instant of the stop. Only ping and final_read are obeyed after it. End of stdin: exit.
 */
enum {
	PROBER_VERSION = 1
};

/* What probes and workloads may be: events a second, time for one of them, length of a window. */
#define RATE_MIN 0.1
#define RATE_MAX 5000
#define TIMEOUT_MAX_NS (300 * NS_PER_SEC)
#define WINDOW_MAX_NS (60 * NS_PER_SEC)

struct prober_hello {
	int64_t version; /* both ways */
	int64_t pid;     /* from the prober */
};

/* Where an event goes. A probe that is sent to no group has one target without a node. */
struct probe_target {
	char *node;
	char *addr; /* what {node.addr} means; in brackets where it will stand before a port */
};

/*
 * `first_answer`: one attempt at the current target; a bad event moves the current one on.
 * `any`: the targets in turn. `each`: one order for each member, with that target alone; the
 * member's name is part of the probe's identity then.
 */
enum probe_policy {
	POLICY_FIRST_ANSWER,
	POLICY_ANY,
	POLICY_EACH
};
extern const char *const probe_policy_words[];

/* What a value must be. */
enum value_op {
	BOUND_LT,
	BOUND_LE,
	BOUND_GT,
	BOUND_GE
};
extern const char *const value_op_words[];

struct value_bound {
	int op; /* enum value_op */
	double value;
};

/*
 * How an SLO tells good from bad: the outcome is ok and, if given, latency is below, and the value
 * keeps all bounds. An event without a value (the first of a rate) keeps them.
 */
struct probe_class {
	char *slo;
	int64_t latency_lt_ns; /* 0: any */
	int64_t attempts_le;   /* of a load: it took no more attempts; 0: any number */
	struct list bounds;    /* of struct value_bound */
};

/* Where in what came back the event's number is. */
enum value_format {
	VALUE_METRIC,     /* a series of the Prometheus text format */
	VALUE_JSON,       /* the number at a pointer */
	VALUE_FIRST_LINE, /* the first line of a program's output */
	VALUE_QUERY,      /* the result of an instant query, as Prometheus' HTTP API says it */
	VALUE_KERNEL      /* nowhere: the prober reads a number, and no text */
};
extern const char *const value_format_words[];

/* What becomes of several series that match. */
enum value_aggregate {
	AGGREGATE_ONE, /* more than one is bad */
	AGGREGATE_SUM,
	AGGREGATE_MIN,
	AGGREGATE_MAX
};
extern const char *const value_aggregate_words[];

/* Each event reads one number; where there is none it is CONTENT. Of http, exec, kernel. */
struct value_order {
	int format;    /* enum value_format */
	char *metric;  /* VALUE_METRIC: its name */
	cJSON *labels; /* an object of strings, which the series must have; NULL: any */
	int aggregate; /* enum value_aggregate */
	char *pointer; /* VALUE_JSON */
	/* A counter: the value is how much it grew each second since the last event that had one.
	 */
	bool per_second;
};

/* A page may be long, and is read for each event. */
#define VALUE_RATE_MAX 100

/*
 * A secret is sent once; texts that need it hold {secret.NAME}. So no text that is checked,
 * quoted or logged has it, and what does come out of an attempt is searched for its value.
 */
struct secret_value {
	char *name, *value;
};

enum http_connection {
	HTTP_KEEP_ALIVE,
	HTTP_FRESH /* one for each event, closed by a reset */
};
extern const char *const http_connection_words[];

/*
 * How https is spoken. `ca`, `cert` and `key` are texts in PEM form, not names of files: the
 * prober may be on another host, and reads no files of ours. `server_name` may hold placeholders.
 */
struct http_tls {
	char *ca;          /* NULL: the authorities of the host that probes */
	char *cert, *key;  /* what we show to a server that asks; both or none */
	char *server_name; /* that the certificate must be for; NULL: the URL's host */
	bool verify;
};

/* Texts may hold {n}, {uuid}, {node.name}, {node.addr} and {secret.NAME}. */
struct http_order {
	char *method;
	char *url;
	char *query;         /* encoded and added to the URL as "?query=…"; NULL: nothing */
	struct list headers; /* of char *: "Name: value" */
	char *body;          /* text, or NULL */
	cJSON *body_json;    /* or a JSON value with texts in it */
	struct list
		base64_at; /* of char *: JSON pointers into body_json, encoded after expansion */
	int connection;    /* enum http_connection */
	struct list expect_status;      /* of int64_t; empty: 200..399 */
	struct text_match *expect_body; /* NULL: any */
	struct http_tls *tls;           /* NULL: https as every client of that host speaks it */
};

struct tcp_order {
	char *address;                    /* "HOST:PORT" */
	char *send;                       /* NULL: nothing */
	struct text_match *expect_answer; /* NULL: to be connected is enough */
};

struct exec_order {
	struct list argv; /* of char *; the program is found in PATH */
	struct list env;  /* of char *: "NAME=value", added to a minimal environment */
	char *input;      /* its standard input; NULL: empty */
	int64_t expect_exit_code;
	struct text_match *expect_stdout; /* NULL: any, and thrown away */
};

/* Texts may hold placeholders. */
struct dns_order {
	char *server; /* "ADDRESS:PORT"; NULL: the servers of the host that probes */
	char *name;
	int record;                       /* enum dns_record */
	int expect_rcode;                 /* enum dns_rcode */
	struct text_match *expect_answer; /* of the records, one a line; NULL: any */
};

/*
 * What makes a load of a probe: requests arrive at a changing rate, and what does not end well is
 * tried again. An event is a request then: its latency counts to the end of its last attempt, and
 * so does its outcome.
 */
struct load_order {
	struct list arrivals; /* of struct arrival */
	struct retry *retry;  /* NULL: one attempt each */
};

/* What the kernel counts at the node that probes (kernel_metrics.h). */
struct kernel_order {
	int metric;   /* index into kernel_metrics */
	int per;      /* KERNEL_PER_NONE, or a counter that the metric's growth is divided by */
	char *cgroup; /* below the cgroup v2 mount, beginning with '/'; NULL: none */
};

/* Exactly one of http, tcp, exec, dns and kernel. */
struct probe_order {
	char *id;
	double rate;        /* events a second, RATE_MIN..RATE_MAX; exec: ..EXEC_RATE_MAX; of a load
			       the highest */
	int64_t timeout_ns; /* from the intended send to the last byte; of each attempt */
	int64_t start_ns;   /* intended instant of event 0; event i is start + i/rate */
	int64_t window_ns;  /* length of a report window, by intended time */
	int64_t seed;
	int policy;          /* enum probe_policy */
	struct list targets; /* of struct probe_target */
	struct list secrets; /* of struct secret_value */
	struct list classes; /* of struct probe_class */
	struct http_order *http;
	struct tcp_order *tcp;
	struct exec_order *exec;
	struct dns_order *dns;
	struct kernel_order *kernel;
	struct value_order *value; /* beside http, exec or kernel; NULL: none is read */
	struct load_order *load;   /* beside http; NULL: a constant rate, without retries */
};

/* A process for each event is dear: more of them would measure this machine, not the system. */
enum {
	EXEC_RATE_MAX = 50
};

/*
 * Outcomes of an event. Everything but OK is bad.
 * DROPPED: the prober could not begin it (no free slot, no process); LATE: the answer came, but
 * after the timeout counted from the intended send, which TIMEOUT also is; they are kept as one:
 * TIMEOUT.
 */
enum probe_outcome {
	OUTCOME_OK,
	OUTCOME_TIMEOUT,
	OUTCOME_CONNECT, /* refused, unreachable, reset while connecting, name not found */
	OUTCOME_BROKEN,  /* connection lost, nonsense or too much; a program ended by a signal */
	OUTCOME_STATUS,  /* an answer with another status, or exit status, than expected */
	OUTCOME_DROPPED,
	OUTCOME_CONTENT, /* the status is as expected, what was said is not */
	OUTCOME_COUNT
};
extern const char *const probe_outcome_words[];

/* Run-length text of good and bad events in the order of intended time: "g25b3g2". */
struct class_runs {
	char *slo;
	char *runs;
};

/* Where the attempts of a window's requests went. */
struct load_share {
	char *node;
	int64_t attempts, failed;
};

/* What a load did for the requests of one window, whenever it did it. */
struct load_window {
	char *attempts;     /* of each request in their order (attempts_text.h) */
	int64_t withheld;   /* retries that the budget did not allow */
	struct list shares; /* of struct load_share; empty: there is one fixed target */
};

struct probe_window {
	char *probe;
	char *to;            /* the member, with policy `each`; else NULL */
	int64_t first_index; /* of the window's first event; windows come in order, gapless */
	int64_t count;
	int64_t start_ns, end_ns; /* intended time covered: [start, end) */
	struct list outcomes;     /* of int64_t, OUTCOME_COUNT of them */
	struct list classes;      /* of struct class_runs */
	struct list latency;      /* of struct histogram_bucket: from the intended send, events that
				     ended OK */
	int64_t latency_max_ns;   /* of the same events; 0 when there are none */
	int64_t lag_max_ns;       /* longest time from intended to real send in this window */
	/* Runs like those of classes, whose bad events are: sent later than a tenth of the timeout;
	 * not begun at all. NULL: none. */
	char *late, *dropped;
	char *values;             /* of all events in their order (value_text.h); NULL: the probe
				     reads none */
	struct load_window *load; /* NULL: the probe is no load */
	char *last_error;         /* "n1: Connection refused", or NULL */
	char *target;             /* node that first_answer points at when the window closed */
};

/* The `set` workload: distinct integers from 1, `rate` a second, to a persistent client process. */
struct workload_order {
	char *id;
	double rate;
	int64_t timeout_ns; /* an operation not answered by then is unknown */
	int64_t start_ns;
	int64_t window_ns;
	struct list argv; /* of char * */
	struct list env;  /* of char *: "NAME=value" (secrets), added to a minimal environment */
	int64_t read_every_ns;   /* 0: not read back before the end */
	int64_t read_timeout_ns; /* of one such read */
};

struct id_range {
	int64_t first, last; /* both included */
};

/* Notification `operations`: what became of operations, each id in exactly one list once. */
struct workload_window {
	char *workload;
	int64_t start_ns, end_ns;
	struct list attempted; /* of struct id_range: begun in this window */
	struct list acked;     /* finished in this window; may belong to earlier attempts */
	struct list failed;    /* certainly did not happen */
	struct list unknown;   /* may have happened; a later ok for the id is sent as acked */
	char *last_error;
};

/*
 * Notification `read_back`: a client of its own was told `read` while the workload went on. What is
 * missing was acknowledged before `sent_ns`, and not in the answer: it may be lost, or the answer
 * old.
 */
struct read_back {
	char *workload;
	int64_t sent_ns, ended_ns;
	bool ok;
	char *reason;          /* when not ok */
	int64_t expected;      /* acknowledged before it was sent */
	int64_t missing_count; /* of those; `missing` may name the first of them only */
	struct list missing;   /* of struct id_range, ascending */
};

/* One client process per target is started, told `read`, and ended. */
struct read_target {
	char *node;
	struct list argv; /* of char * */
};

struct final_read_order {
	char *workload;
	int64_t timeout_ns;  /* for each target */
	struct list targets; /* of struct read_target */
	struct list env;
};

struct member_read {
	char *node;
	bool ok;
	char *reason;        /* when not ok */
	struct list present; /* of struct id_range, ascending */
	int64_t duplicates;  /* ids listed more than once */
};

struct final_read_result {
	char *workload;
	struct list reads; /* of struct member_read */
};

struct stop_result {
	int64_t stopped_ns;
};

extern const struct shape http_tls_shape, prober_hello_shape, probe_order_shape, probe_window_shape,
	workload_order_shape, workload_window_shape, read_back_shape, final_read_order_shape,
	final_read_result_shape, stop_result_shape, value_bound_shape, value_order_shape;

#endif
