/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "injector/proc_net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), address[SOCKET_TEXT_MAX];
	struct list sockets = {0};

	proc_net_tcp_parse(text, &sockets);
	LIST_EACH(sockets, struct tcp_socket, socket) {
		proc_net_address(&socket->local, socket->local_port, address);
		fuzz_require(strlen(address) < SOCKET_TEXT_MAX);
		fuzz_require(proc_net_tcp_state(socket->state) != NULL);
	}
	free(sockets.items);
	free(text);
	return 0;
}
