/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Static, for a container: ending HOW CODE ends in one of the ways that are easy to mistake.
 *
 *   exit     at once
 *   first    the first thread ends, without a code, a while before another ends the process
 *   both     the same at the same moment
 *   raw      both threads end by themselves, the last one with CODE
 *   execute  a thread that is not the first executes `ending exit CODE`
 *   many     three hundred threads stand there when one ends the process
 *   churn    a thousand threads come and go before that
 *   flood    thirty thousand
 *   fault    by a memory fault, with a core where that is allowed
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *code_text;
static char *program;
static int pause_us;

static _Noreturn void end(void)
{
	exit(atoi(code_text));
}

static void *end_later(void *arg)
{
	(void)usleep((useconds_t)pause_us);
	(void)arg;
	end();
}

static void *end_by_itself(void *arg)
{
	(void)usleep(20000);
	(void)arg;
	(void)syscall(SYS_exit, atoi(code_text));
	return NULL;
}

static void *execute(void *arg)
{
	char *const argv[] = {program, "exit", (char *)code_text, NULL};

	(void)arg;
	(void)execv(program, argv);
	return NULL;
}

static void *stand(void *arg)
{
	for (;;)
		(void)pause();
	return arg;
}

static void *pass(void *arg)
{
	return arg;
}

static pthread_t begin(void *(*function)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, function, NULL) != 0) {
		perror("pthread_create");
		exit(99);
	}
	return thread;
}

int main(int argc, char **argv)
{
	const char *how = argc == 3 ? argv[1] : "";

	program = argv[0];
	code_text = argc == 3 ? argv[2] : "98";
	if (strcmp(how, "first") == 0 || strcmp(how, "both") == 0) {
		pause_us = strcmp(how, "first") == 0 ? 50000 : 0;
		(void)begin(end_later);
		pthread_exit(NULL);
	} else if (strcmp(how, "raw") == 0) {
		(void)begin(end_by_itself);
		(void)syscall(SYS_exit, 0);
	} else if (strcmp(how, "execute") == 0) {
		(void)begin(stand);
		(void)begin(execute);
		(void)stand(NULL);
	} else if (strcmp(how, "many") == 0) {
		for (int i = 0; i < 300; i++)
			(void)begin(stand);
	} else if (strcmp(how, "churn") == 0 || strcmp(how, "flood") == 0) {
		for (int i = 0; i < (strcmp(how, "churn") == 0 ? 1000 : 30000); i++)
			(void)pthread_join(begin(pass), NULL);
	} else if (strcmp(how, "fault") == 0) {
		*(volatile int *)8 = 0;
	}
	end();
}
