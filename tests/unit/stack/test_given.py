"""A user's settings reach the stack from `.env` and the environment, the stack's own do not."""

import shutil
import subprocess
from collections.abc import Callable

from stack.context import Stack
from stack.demo_proof import Findings, missing_in
from stack.environment import export_lines, product_environment
from stack.given import catches_mail, given_settings
from tests.services import ROOT

MakeStack = Callable[..., Stack]
OWN_MAIL = (
    "SMTP_HOST=mail.example.org\nSMTP_USER=me\nSMTP_PASSWORD='p$s#s'\n"
    "KEEPER_USER_EMAIL=me@example.org\nKEEPER_MAIL_FROM=keeper@example.org\nKEEPER_SMTP_TLS=\n"
)


def test_mails_go_to_the_catcher_unless_a_server_is_given(make_stack: MakeStack) -> None:
    stack = make_stack()
    environment = product_environment(stack)

    assert catches_mail(stack.layout, stack.environ)
    assert (environment["SMTP_HOST"], environment["SMTP_PORT"]) == ("127.0.0.1", "1025")
    assert environment["KEEPER_SMTP_TLS"] == "none"
    assert environment["KEEPER_USER_EMAIL"] == "you@keeper.localhost"


def test_the_mail_server_and_address_of_the_env_file_are_used(make_stack: MakeStack) -> None:
    stack = make_stack()
    (stack.layout.root / ".env").write_text(OWN_MAIL)
    environment = product_environment(stack)

    assert not catches_mail(stack.layout, stack.environ)
    assert environment["SMTP_HOST"] == "mail.example.org"
    assert environment["SMTP_PASSWORD"] == "p$s#s"
    assert environment["KEEPER_USER_EMAIL"] == "me@example.org"
    # Those not given are the product's own defaults, not the catcher's.
    assert not {"SMTP_PORT", "KEEPER_SMTP_TLS"} & environment.keys()


def test_the_environment_comes_before_the_env_file(make_stack: MakeStack) -> None:
    stack = make_stack(environ={"SMTP_HOST": "other.example.org", "KEEPER_USER_EMAIL": ""})
    (stack.layout.root / ".env").write_text(OWN_MAIL)

    given = given_settings(stack.layout, stack.environ)

    assert given["SMTP_HOST"] == "other.example.org"
    assert given["KEEPER_USER_EMAIL"] == "me@example.org"


def test_a_copied_example_gives_nothing(make_stack: MakeStack) -> None:
    stack = make_stack()
    shutil.copy(ROOT / ".env.example", stack.layout.root / ".env")

    assert given_settings(stack.layout, stack.environ) == {}


def test_where_the_stacks_services_are_is_never_given(make_stack: MakeStack) -> None:
    environ = {
        "KEEPER_KAFKA_USER": "someone",
        "KEEPER_DATABASE_PASSWORD": "other",
        "KEEPER_RUN_DIR": "/elsewhere",
        "KEEPER_PORT_OFFSET": "100",
        "KEEPER_LAKE": "s3://bucket/lake",
    }
    stack = make_stack(environ=environ)

    assert given_settings(stack.layout, stack.environ) == {"KEEPER_LAKE": "s3://bucket/lake"}


def test_a_shell_with_the_stacks_exports_describes_the_same_programs(
    make_stack: MakeStack,
) -> None:
    plain = make_stack(environ={"KEEPER_BATCH_PRODUCTS": "7"})
    script = f"export KEEPER_BATCH_PRODUCTS=7\n{export_lines(plain)}env -0"
    shown = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    exported = dict(entry.split("=", 1) for entry in shown.split("\0") if "=" in entry)
    shell = make_stack(environ=exported)

    assert exported["SMTP_HOST"] == "127.0.0.1"
    assert product_environment(shell) == product_environment(plain)

    # A setting that changes in the file counts in such a shell too, and so does one set after it.
    (plain.layout.root / ".env").write_text(OWN_MAIL)
    later = make_stack(environ=exported | {"KEEPER_BATCH_PRODUCTS": "8"})
    assert product_environment(later)["SMTP_HOST"] == "mail.example.org"
    assert product_environment(later)["KEEPER_BATCH_PRODUCTS"] == "8"


def test_mails_to_ones_own_server_are_not_looked_for_in_the_catcher() -> None:
    found = Findings(
        run={"run_id": "r1", "state": "SUCCESS", "products_missing": 0, "problem": None},
        watched=1,
        locales=1,
        priced=1,
        points=1,
        documents=1,
        alerts=[(1, "SENT", "r1")],
        mails={},
    )

    assert missing_in(found, simulated=True, caught=False) == []
    assert missing_in(found, simulated=True) == ["No mail has arrived for 1 alerts of this run."]


def test_what_the_env_file_gave_to_a_shell_changes_with_the_file(make_stack: MakeStack) -> None:
    plain = make_stack()
    env_file = plain.layout.root / ".env"
    env_file.write_text("SMTP_HOST=old.example.org\nKEEPER_USER_EMAIL=a@example.org\n")
    shown = subprocess.run(
        ["sh", "-c", f"{export_lines(plain)}env -0"], capture_output=True, text=True, check=True
    ).stdout
    exported = dict(entry.split("=", 1) for entry in shown.split("\0") if "=" in entry)

    env_file.write_text("KEEPER_USER_EMAIL=b@example.org\n")

    assert given_settings(plain.layout, exported) == {"KEEPER_USER_EMAIL": "b@example.org"}


def test_what_is_left_of_a_mail_server_does_not_reach_the_catcher(make_stack: MakeStack) -> None:
    stack = make_stack()
    (stack.layout.root / ".env").write_text("SMTP_HOST=\nSMTP_PORT=587\nKEEPER_SMTP_TLS=starttls\n")
    environment = product_environment(stack)

    assert (environment["SMTP_HOST"], environment["SMTP_PORT"]) == ("127.0.0.1", "1025")
    assert environment["KEEPER_SMTP_TLS"] == "none"


def test_a_secret_in_a_file_takes_the_place_of_the_stacks_own(make_stack: MakeStack) -> None:
    stack = make_stack()
    (stack.layout.root / ".env").write_text("KEEPER_LINK_SECRET_FILE=/run/keys\n")

    assert "KEEPER_LINK_SECRET" not in product_environment(stack)
