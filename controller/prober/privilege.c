/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's overflow ids, which are nobody's where there is no user database. */
enum {
	OVERFLOW_ID = 65534
};

static int become_nobody(struct fail *fail)
{
	const struct passwd *nobody = getpwnam("nobody");
	uid_t uid = nobody && nobody->pw_uid ? nobody->pw_uid : OVERFLOW_ID;
	gid_t gid = nobody && nobody->pw_gid ? nobody->pw_gid : OVERFLOW_ID;

	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return fail_errno(fail, errno, "cannot become nobody");
	return 0;
}

static int drop_capabilities(struct fail *fail)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
		syscall(SYS_capset, &header, none) < 0)
		return fail_errno(fail, errno, "cannot drop capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail_errno(fail, errno, "cannot set no_new_privs");
	return 0;
}

/*
 * While we are root, or it could not be done. For others it stays as it is: no_new_privs keeps
 * every exec from drawing on it.
 */
static void empty_bounding_set(void)
{
	for (unsigned long number = 0; prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; number++)
		prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
}

static int check_dropped(struct fail *fail)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	static const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
	uid_t real, effective, saved;

	if (getresuid(&real, &effective, &saved) < 0 || syscall(SYS_capget, &header, data) < 0)
		return fail_errno(fail, errno, "cannot tell what privileges are left");
	if (real == 0 || effective != real || saved != real || setuid(0) == 0 ||
		memcmp(data, none, sizeof(data)) != 0 ||
		prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return fail_set(fail, FAIL_INTERNAL, "privileges are left after dropping them");
	return 0;
}

int privilege_drop(struct fail *fail)
{
	empty_bounding_set();
	if (geteuid() == 0 && become_nobody(fail) < 0)
		return -1;
	if (drop_capabilities(fail) < 0)
		return -1;
	return check_dropped(fail);
}
