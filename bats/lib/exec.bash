# SPDX-License-Identifier: Apache-2.0
# For suites of `ocirun exec`: a container to execute things in.
# shellcheck disable=SC2154,SC2034,SC2016 # container.bash sets TEST_DIR; INIT and PROCESS are for suites

# running [JQ_FILTER] - "web" runs, and does nothing until it is killed; INIT is its pid
running() {
	bundle_with '.process.args = ["sleep", "10000"] | '"${1:-.}" && run_web
}

# running_script TEXT [JQ_FILTER] - the same with a shell script for init
running_script() {
	bundle_script "$1" && config_with "${2:-.}" && run_web
}

run_web() {
	ocirun create web && ocirun start web && INIT=$(container_pid web)
}

# inside SCRIPT [EXEC_FLAG...] - what a shell says that is executed in "web"
inside() {
	local script=$1
	shift
	ocirun exec "$@" web sh -c "$script"
}

# process_file JQ_FILTER - $PROCESS is a process.json: a shell, changed by the filter
process_file() {
	PROCESS=$TEST_DIR/process.json
	jq -n '{cwd: "/", args: ["sh"], env: ["PATH=/bin"], user: {uid: 0, gid: 0}} | '"$1" >"$PROCESS"
}

# exec_pid - the pid of the latest exec-started line of "web"
exec_pid() { events_of web | jq -s 'map(select(.type == "exec-started"))[-1].pid'; }

# exec_ended EXEC_ID - is its exec-exited in the log?
exec_ended() { journal_has web exec-exited --arg id "$1" '.execId == $id'; }

# exec_exited EXEC_ID EXIT_CODE SIGNAL - it is, with these
exec_exited() {
	wait_until exec_ended "$1"
	journal_has web exec-exited --arg id "$1" --argjson code "$2" --argjson signal "$3" \
		'.execId == $id and .exitCode == $code and .signal == $signal'
}
