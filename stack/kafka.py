"""Apache Kafka in KRaft mode: one process that is broker and controller."""

from pathlib import Path

from confluent_kafka import Consumer, KafkaException, TopicPartition

from stack.accounts import give, run_as
from stack.artifacts import kafka_folder
from stack.commands import run_logged
from stack.context import Stack
from stack.errors import StackError
from stack.java import QUICK_START
from stack.layout import write_private
from stack.ports import HOST
from stack.programs import Program, render_config
from stack.services import Service


def service(stack: Stack) -> Service:
    """Describe the Kafka broker."""
    home = stack.layout.home / "kafka"
    return Service(
        program=Program(
            name="kafka",
            argv=(
                *_as_server(stack),
                *_java(stack, home, "-Xms128m", "-Xmx512m", *stack.server_jvm),
                "-XX:+ExitOnOutOfMemoryError",
                "kafka.Kafka",
                str(home / "server.properties"),
            ),
            env={"HOME": str(home)},
            directory=str(home),
            bare=True,
        ),
        title="Kafka",
        probe=lambda _: probe(stack),
        needs=frozenset({"artifacts"}),
        prepare=lambda: prepare(stack, home),
        memory_mib=450,
        ports=("kafka", "kafka_controller"),
    )


def probe(stack: Stack) -> str | None:
    """Return None when the broker answers for a consumer group's offsets.

    That needs the metadata, a coordinator and the topic of offsets, which a new broker makes at the
    first such question.
    """
    # One client a probe: a kept one would log every refused connection of the start.
    client = Consumer(
        {
            "bootstrap.servers": f"{HOST}:{stack.ports.kafka}",
            "group.id": "stack-health",
            "socket.timeout.ms": 3000,
            "log_level": 0,
        }
    )
    try:
        (place,) = client.committed([TopicPartition("__consumer_offsets", 0)], timeout=3)
    except KafkaException as error:
        return str(error.args[0].str())
    finally:
        client.close()
    return None if place.error is None else str(place.error.str())


def prepare(stack: Stack, home: Path) -> None:
    """Write the configuration and format the storage the first time."""
    data, tmp = home / "data", home / "tmp"
    for folder in (home, data, tmp):
        folder.mkdir(exist_ok=True)
        give(stack.account, folder)
    properties = home / "server.properties"
    text = render_config(
        "kafka.properties",
        data=data,
        port=stack.ports.kafka,
        controller_port=stack.ports.kafka_controller,
    )
    write_private(properties, text, mode=0o644)
    formatted = home / "formatted"
    if formatted.exists():
        return
    run_logged(
        "Formatting Kafka's storage",
        [
            *_as_server(stack),
            *_java(stack, home, "-Xmx128m", *QUICK_START),
            "kafka.tools.StorageTool",
            "format",
            "--standalone",
            "--ignore-formatted",
            "--cluster-id",
            stack.credentials.kafka_cluster_id,
            "--config",
            properties,
        ],
        log=stack.layout.log_of("kafka"),
        env={"HOME": str(home)},
        cwd=home,
    )
    formatted.touch()


def _java(stack: Stack, home: Path, *options: str) -> tuple[str, ...]:
    if stack.java is None:
        raise StackError("Kafka needs Java.")
    return (
        str(stack.java.executable),
        *options,
        "-XX:-UsePerfData",
        f"-Djava.io.tmpdir={home / 'tmp'}",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
        "-cp",
        f"{kafka_folder(stack.layout)}/*",
    )


def _as_server(stack: Stack) -> tuple[str, ...]:
    java = [stack.java.executable] if stack.java else []
    return run_as(stack.account, (stack.layout.root, *java, stack.layout.home))
