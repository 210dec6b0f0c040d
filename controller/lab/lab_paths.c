/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/lab/lab_paths.h"

#include <stdio.h>

const char *lab_path_dir(const char *lab, char out[LAB_PATH_MAX])
{
	snprintf(out, LAB_PATH_MAX, LAB_RUN_ROOT "/%s", lab);
	return out;
}

const char *lab_path_lock(const char *lab, char out[LAB_PATH_MAX])
{
	snprintf(out, LAB_PATH_MAX, LAB_RUN_ROOT "/%s.lock", lab);
	return out;
}

const char *lab_path_file(const char *lab, const char *name, char out[LAB_PATH_MAX])
{
	snprintf(out, LAB_PATH_MAX, LAB_RUN_ROOT "/%s/%s", lab, name);
	return out;
}

const char *lab_path_node_dir(const char *lab, const char *node, char out[LAB_PATH_MAX])
{
	snprintf(out, LAB_PATH_MAX, LAB_RUN_ROOT "/%s/" LAB_FILE_NODES "/%s", lab, node);
	return out;
}

const char *lab_path_netns(const char *lab, const char *node, char out[LAB_PATH_MAX])
{
	snprintf(out, LAB_PATH_MAX, LAB_NETNS_ROOT "/bb-%s%s%s", lab, node ? "-" : "",
		node ? node : "");
	return out;
}

const char *lab_path_cgroup(const char *lab, const char *node, char out[LAB_PATH_MAX])
{
	snprintf(out, LAB_PATH_MAX, "/backburn/lab/%s%s%s", lab, node ? "/" : "", node ? node : "");
	return out;
}
