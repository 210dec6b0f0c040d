/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/game.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/e2e/cli.h"
#include "tests/e2e/host_state.h"
#include "tests/programs.h"

cJSON *game_play(const struct game *game, char **out_text)
{
	char *before = host_state(game->lab), *programs = programs_list();
	struct cli_result result;
	struct cli cli;
	cJSON *summary;

	cli_begin(&cli);
	cli_run_steady(&cli,
		(const char *[]){"run", cli_file(game->scenario), "--on",
			cli_lab_as(&cli, game->shipped, game->lab), "--runs", cli.runs,
			game->param ? "--param" : NULL, game->param, NULL},
		&result);
	if (result.code != game->code)
		fail_msg("exit %d, expected %d\n%s\n%s", result.code, game->code, result.err,
			result.out);
	summary = cli_summary(&cli);
	if (out_text)
		*out_text = strdup(result.out);
	cli_result_free(&result);
	cli_end(&cli);
	assert_no_new_programs(programs);
	assert_host_state(game->lab, before);
	return summary;
}
