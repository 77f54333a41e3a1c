#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pods by containerd's Container Runtime Interface, as the kubelet makes them, on ocirun as the default
# runtime by the very configuration of doc/examples; and by name, as with a RuntimeClass.
# shellcheck disable=SC2154,SC2016 # run sets output; single quotes hold words of containers and jq

load ../lib/container
load common
load containerd

setup_file() {
	require root program:containerd
	local config=$BATS_FILE_TMPDIR/config.toml
	client_host
	cp "$SOURCE_DIR/doc/examples/containerd-config.toml" "$config"
	# Only a process with CAP_SYS_RESOURCE could give a pod the protection that it gets otherwise.
	printf '[plugins."io.containerd.grpc.v1.cri"]\nrestrict_oom_score_adj = true\n' >>"$config"
	containerd_start "$config"
	# By the name under which containerd looks for what keeps a pod's namespaces.
	IMAGE=registry.k8s.io/pause:3.6 containerd_import k8s.io '{"Env": ["PATH=/bin"], "Entrypoint": ["sleep", "3600"]}'
	containerd_import k8s.io
}

setup() { client_setup /run/containerd/runc/k8s.io; }

teardown() {
	pods_clean
	client_teardown
}

teardown_file() {
	containerd_stop k8s.io
	events_validate_kept
}

# cri METHOD [JQ_OPTION...] FILTER - the filter makes the request
cri() {
	local method=$1
	shift
	deadline "$SOURCE_DIR/bats/clients/cri.py" /run/containerd/containerd.sock "$method" "$(jq -nc "$@")"
}

pods_clean() {
	local id
	while read -r id; do
		cri StopPodSandbox --arg id "$id" '{pod_sandbox_id: $id}' >/dev/null 2>&1
		cri RemovePodSandbox --arg id "$id" '{pod_sandbox_id: $id}' >/dev/null 2>&1
	done < <(cat "$TEST_DIR/pods" 2>/dev/null)
	return 0
}

# A pod in the network of the host; needs no CNI.
POD='{metadata: {name: "pod", uid: "1", namespace: "default"}, log_directory: "/run/pod-logs",
	linux: {cgroup_parent: "/k8s.io", security_context: {namespace_options: {network: 2, pid: 1}}}}'

# pod [HANDLER] - its ID
pod() {
	mkdir -p /run/pod-logs
	cri RunPodSandbox --arg handler "${1:-}" "{config: $POD, runtime_handler: \$handler}" |
		jq -r .pod_sandbox_id | tee -a "$TEST_DIR/pods"
}

# started POD NAME SCRIPT - ID of a running container
started() {
	local id
	id=$(cri CreateContainer --arg pod "$1" --arg name "$2" --arg script "$3" --arg image "$IMAGE" "{
		pod_sandbox_id: \$pod, sandbox_config: $POD, config: {metadata: {name: \$name}, image: {image: \$image},
		command: [\"sh\", \"-c\", \$script], log_path: (\$name + \".log\"), linux: {
		resources: {memory_limit_in_bytes: 67108864}, security_context: {namespace_options: {network: 2, pid: 1}}}}}" |
		jq -r .container_id)
	cri StartContainer --arg id "$id" '{container_id: $id}' >/dev/null
	echo "$id"
}

status_of() { cri ContainerStatus --arg id "$1" '{container_id: $id}' | jq -r ".status.$2"; }

has_exited() { [ "$(status_of "$1" state)" = 2 ]; }

@test "containerd, CRI: ocirun is the default runtime, and a runtime of that name" {
	local handler pod
	for handler in "" ocirun; do
		pod=$(pod "$handler")
		container_is "$pod" running
		cri StopPodSandbox --arg id "$pod" '{pod_sandbox_id: $id}'
		client_agrees_and_gone "$pod" 137
		cri RemovePodSandbox --arg id "$pod" '{pod_sandbox_id: $id}'
	done
}

@test "containerd, CRI: a container's exit code and output" {
	local pod id
	pod=$(pod)
	id=$(started "$pod" web 'echo hello; exit 42')
	wait_until has_exited "$id"
	[ "$(status_of "$id" exit_code)" = 42 ]
	client_agrees_and_gone "$id" 42
	grep -q 'stdout F hello$' /run/pod-logs/web.log
}

@test "containerd, CRI: exec, a changed limit, and an end by StopContainer" {
	local pod id
	pod=$(pod)
	id=$(started "$pod" web 'trap "exit 3" TERM; touch /ready; while :; do sleep 0.02; done')
	wait_until test -e "/proc/$(container_pid "$id")/root/ready"
	run -0 cri ExecSync --arg id "$id" '{container_id: $id, cmd: ["sh", "-c", "echo out; exit 7"]}'
	[ "$(jq -r .exit_code <<<"$output")" = 7 ]
	[ "$(jq -r .stdout <<<"$output" | base64 -d)" = out ]
	run -1 cri ExecSync --arg id "$id" '{container_id: $id, cmd: ["no-such-program"]}'
	[[ $output == *'exec: "no-such-program": executable file not found in $PATH'* ]] || fail "$output"
	cri UpdateContainerResources --arg id "$id" '{container_id: $id, linux: {memory_limit_in_bytes: 100663296}}'
	journal_has "$id" updated
	cri StopContainer --arg id "$id" '{container_id: $id, timeout: 20}'
	[ "$(status_of "$id" exit_code)" = 3 ]
	client_agrees_and_gone "$id" 3
}

@test "containerd, CRI: the containers of a pod share its namespaces" {
	local pod one two ns
	pod=$(pod)
	one=$(started "$pod" one 'sleep 1000')
	two=$(started "$pod" two 'sleep 1000')
	for ns in ipc uts net; do
		[ "$(readlink "/proc/$(container_pid "$one")/ns/$ns")" = "$(readlink "/proc/$(container_pid "$pod")/ns/$ns")" ]
		[ "$(readlink "/proc/$(container_pid "$two")/ns/$ns")" = "$(readlink "/proc/$(container_pid "$pod")/ns/$ns")" ]
	done
	[ "$(readlink "/proc/$(container_pid "$one")/ns/pid")" != "$(readlink "/proc/$(container_pid "$two")/ns/pid")" ]
	cri StopPodSandbox --arg id "$pod" '{pod_sandbox_id: $id}'
	client_agrees_and_gone "$one" 137
	client_agrees_and_gone "$two" 137
	client_agrees_and_gone "$pod" 137
}
