#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the kubelet says to a container runtime, for bats/clients/containerd-cri.bats.

usage: cri.py SOCKET METHOD JSON
Calls METHOD of the Container Runtime Interface (runtime.v1.RuntimeService) and prints the answer as
JSON. The messages are those of cri-api that the tests use, with the fields that they use.
"""
import sys

import grpc
from google.protobuf import descriptor_pb2, json_format, message_factory

# Message: {field: (number, type)}; a type in a list is repeated.
MESSAGES = {
    "RunPodSandboxRequest": {"config": (1, "Pod"), "runtime_handler": (2, str)},
    "RunPodSandboxResponse": {"pod_sandbox_id": (1, str)},
    "Pod": {"metadata": (1, "PodMetadata"), "log_directory": (3, str), "linux": (8, "PodLinux")},
    "PodMetadata": {"name": (1, str), "uid": (2, str), "namespace": (3, str)},
    "PodLinux": {"cgroup_parent": (1, str), "security_context": (2, "PodSecurity")},
    "PodSecurity": {"namespace_options": (1, "Namespaces")},
    "Namespaces": {"network": (1, int), "pid": (2, int), "ipc": (3, int)},
    "StopPodSandboxRequest": {"pod_sandbox_id": (1, str)},
    "StopPodSandboxResponse": {},
    "RemovePodSandboxRequest": {"pod_sandbox_id": (1, str)},
    "RemovePodSandboxResponse": {},
    "CreateContainerRequest": {
        "pod_sandbox_id": (1, str), "config": (2, "Container"), "sandbox_config": (3, "Pod")},
    "CreateContainerResponse": {"container_id": (1, str)},
    "Container": {
        "metadata": (1, "ContainerMetadata"), "image": (2, "Image"), "command": (3, [str]),
        "log_path": (11, str), "linux": (15, "ContainerLinux")},
    "ContainerMetadata": {"name": (1, str)},
    "Image": {"image": (1, str)},
    "ContainerLinux": {"resources": (1, "Resources"), "security_context": (2, "Security")},
    "Security": {"namespace_options": (3, "Namespaces")},
    "Resources": {"cpu_period": (1, int), "cpu_quota": (2, int), "memory_limit_in_bytes": (4, int)},
    "StartContainerRequest": {"container_id": (1, str)},
    "StartContainerResponse": {},
    "StopContainerRequest": {"container_id": (1, str), "timeout": (2, int)},
    "StopContainerResponse": {},
    "RemoveContainerRequest": {"container_id": (1, str)},
    "RemoveContainerResponse": {},
    "UpdateContainerResourcesRequest": {"container_id": (1, str), "linux": (2, "Resources")},
    "UpdateContainerResourcesResponse": {},
    "ContainerStatusRequest": {"container_id": (1, str)},
    "ContainerStatusResponse": {"status": (1, "Status")},
    "Status": {"state": (3, int), "exit_code": (7, int), "reason": (10, str)},
    "ExecSyncRequest": {"container_id": (1, str), "cmd": (2, [str]), "timeout": (3, int)},
    "ExecSyncResponse": {"stdout": (1, bytes), "stderr": (2, bytes), "exit_code": (3, int)},
}
Field = descriptor_pb2.FieldDescriptorProto
SCALARS = {str: Field.TYPE_STRING, bytes: Field.TYPE_BYTES, int: Field.TYPE_INT64}


def add_field(message, name, number, kind):
    field = message.field.add(name=name, number=number, label=Field.LABEL_OPTIONAL)
    if isinstance(kind, list):
        field.label = Field.LABEL_REPEATED
        kind = kind[0]
    if isinstance(kind, str):
        field.type = Field.TYPE_MESSAGE
        field.type_name = ".runtime.v1." + kind
    else:
        field.type = SCALARS[kind]


def messages():
    file = descriptor_pb2.FileDescriptorProto(name="cri", package="runtime.v1", syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            add_field(message, field, number, kind)
    return message_factory.GetMessages([file])


def main(socket, method, request):
    types = messages()
    ask, answer = (types[f"runtime.v1.{method}{word}"] for word in ("Request", "Response"))
    with grpc.insecure_channel("unix://" + socket) as channel:
        call = channel.unary_unary(
            f"/runtime.v1.RuntimeService/{method}",
            request_serializer=ask.SerializeToString,
            response_deserializer=answer.FromString)
        try:
            reply = call(json_format.Parse(request, ask()), timeout=60)
        except grpc.RpcError as error:
            sys.exit(f"cri.py: {method}: {error.details()}")
    print(json_format.MessageToJson(
        reply, preserving_proto_field_name=True, including_default_value_fields=True))


main(*sys.argv[1:])
