"""The dashboards of Keeper: which there are, and what stands in which."""

from typing import Final

from stack.grafana.boards import Board, Panel, Query, Row, Unit, curve
from stack.grafana.stores import STORES

_AGE: Final = "Seconds since then."

OVERVIEW: Final = Board(
    "keeper-overview",
    "Keeper: Overview",
    "Is all well, and since when not?",
    (
        Row(
            "At a glance",
            (
                curve(
                    "What answers",
                    "up",
                    "{{job}} {{program}}",
                    "1 if Prometheus reached it, else 0.",
                ),
                curve(
                    "Versions that run",
                    "sum by (version) (keeper_build_info)",
                    "{{version}}",
                    "Processes of each version; more than one only during an upgrade.",
                ),
                curve(
                    "Open notices",
                    "keeper_open_notices",
                    "{{topic}}",
                    "What Keeper says to its operators: keeper notices list.",
                ),
                curve(
                    "Stale share of watched products",
                    "keeper:stale_products:ratio",
                    "share",
                    "PricesStale fires above 5 %.",
                    Unit.SHARE,
                ),
                curve(
                    "Processor time of each process",
                    "rate(process_cpu_seconds_total[5m])",
                    "{{job}} {{program}}",
                    "Seconds of processor time a second.",
                ),
                curve(
                    "Memory of each process",
                    "process_resident_memory_bytes",
                    "{{job}} {{program}}",
                    unit=Unit.BYTES,
                ),
                curve(
                    "Age of each process",
                    "time() - process_start_time_seconds",
                    "{{job}} {{program}}",
                    "A curve that falls to 0 is a start.",
                    Unit.SECONDS,
                ),
            ),
        ),
        Row(
            "Console",
            (
                curve(
                    "Answers a second",
                    "sum by (status) (rate(keeper_console_requests_total[5m]))",
                    "{{status}}",
                    unit=Unit.PER_SECOND,
                ),
                curve(
                    "How long 95 % of answers took at most",
                    "histogram_quantile(0.95, sum by (le)"
                    " (rate(keeper_console_request_seconds_bucket[5m])))",
                    "95 %",
                    unit=Unit.SECONDS,
                ),
                curve("Requests under way", "keeper_console_requests_open", "open"),
                Panel(
                    "Connections to PostgreSQL",
                    "Opened a second, and open but unused.",
                    (
                        Query("rate(keeper_console_database_connections_opened_total[5m])", "new"),
                        Query("keeper_console_database_connections_idle", "idle"),
                    ),
                ),
                curve(
                    "Services left alone",
                    "keeper_breaker_open",
                    "{{of}}",
                    "1 while the console does not ask a service that did not answer.",
                ),
            ),
        ),
    ),
)

PIPELINE: Final = Board(
    "keeper-pipeline",
    "Keeper: Pipeline",
    "Do the runs fetch what is due, and what came of them?",
    (
        Row(
            "Runs",
            (
                curve("Newest run was good", "keeper_run_is_good", "{{dag}}", "1 if so, else 0."),
                curve(
                    "Age of the newest ended run",
                    "time() - keeper_run_ended_timestamp_seconds",
                    "{{dag}}",
                    _AGE,
                    Unit.SECONDS,
                ),
                curve(
                    "Age of the newest good run",
                    "time() - keeper_run_last_good_timestamp_seconds",
                    "{{dag}}",
                    _AGE,
                    Unit.SECONDS,
                ),
                curve("How long it took", "keeper_run_seconds", "{{dag}}", unit=Unit.SECONDS),
                curve("Its products", "keeper_run_products", "{{dag}} {{part}}"),
                curve("What came of it", "keeper_run_records", "{{dag}} {{part}}"),
            ),
        ),
        Row(
            "Freshness",
            (
                curve("Watched products", "keeper_watched_products", "watched"),
                curve("Stale products", "keeper_stale_products", "{{by}}"),
                curve(
                    "Oldest stale check",
                    "keeper_oldest_check_seconds",
                    "age",
                    unit=Unit.SECONDS,
                ),
            ),
        ),
    ),
)

LOADING: Final = Board(
    "keeper-loading",
    "Keeper: Loading",
    "Do the workers keep up, and where does their time go?",
    (
        Row(
            "Throughput",
            (
                curve(
                    "Messages a second",
                    "keeper:worker_messages:rate5m",
                    "{{worker}}",
                    unit=Unit.PER_SECOND,
                ),
                curve(
                    "Batches a second",
                    "sum by (worker) (rate(keeper_worker_batches_total[5m]))",
                    "{{worker}}",
                    unit=Unit.PER_SECOND,
                ),
                curve(
                    "Messages of the newest batch",
                    "keeper_worker_last_batch_messages",
                    "{{worker}}",
                ),
                curve(
                    "Where time goes",
                    "sum by (worker, stage) (rate(keeper_worker_seconds_total[5m]))",
                    "{{worker}} {{stage}}",
                    "Seconds of each second, by stage.",
                    Unit.SHARE,
                ),
            ),
        ),
        Row(
            "What waits",
            (
                curve("Unread, by worker", "keeper_worker_unread_messages", "{{worker}}"),
                curve(
                    "Unread, by group",
                    "keeper_group_unread_messages",
                    "{{group}} {{topic}}",
                    "As keeper metrics reads it from Kafka, also while the worker is away.",
                ),
                curve(
                    "Age of the batch at the store",
                    "keeper_worker_batch_age_seconds",
                    "{{worker}}",
                    "WorkerStuck fires above 120 s.",
                    Unit.SECONDS,
                ),
                curve(
                    "How long it has waited",
                    "time() - keeper_worker_waiting_since_seconds",
                    "{{worker}} {{part}}",
                    "Empty while nothing waits for another service.",
                    Unit.SECONDS,
                ),
                curve(
                    "Age of the heartbeat",
                    "time() - keeper_worker_heartbeat_timestamp_seconds",
                    "{{worker}}",
                    unit=Unit.SECONDS,
                ),
            ),
        ),
        Row(
            "What went wrong",
            (
                curve(
                    "Failed attempts, last hour",
                    "increase(keeper_worker_failures_total[1h])",
                    "{{worker}}",
                ),
                curve(
                    "Messages given up, last hour",
                    "increase(keeper_worker_dead_letters_total[1h])",
                    "{{worker}}",
                ),
                curve("Dead letters that lie there", "keeper_dead_letters", "{{topic}}"),
                curve("Messages lost", "keeper_worker_messages_lost_total", "{{worker}}"),
            ),
        ),
    ),
)

TOKENS: Final = Board(
    "keeper-tokens",
    "Keeper: Keepa tokens",
    "Do Keepa's tokens suffice, and what are they spent on?",
    (
        Row(
            "Budget",
            (
                Panel(
                    "Tokens",
                    "As last reported, and what of them is kept back.",
                    (
                        Query("keeper_tokens_left", "{{source}} left"),
                        Query("keeper_tokens_reserve", "{{source}} reserve"),
                    ),
                ),
                curve(
                    "Tokens that come each minute", "keeper_tokens_refill_per_minute", "{{source}}"
                ),
                curve(
                    "Age of the report",
                    "time() - keeper_tokens_reported_timestamp_seconds",
                    "{{source}}",
                    _AGE,
                    Unit.SECONDS,
                ),
            ),
        ),
        Row(
            "Spending, last hour",
            (
                curve("Requests", "keeper_keepa_requests_last_hour", "{{endpoint}} {{outcome}}"),
                curve(
                    "Tokens charged", "keeper_tokens_charged_last_hour", "{{endpoint}} {{outcome}}"
                ),
            ),
        ),
    ),
)

MESSAGES: Final = Board(
    "keeper-messages",
    "Keeper: Messages",
    "Do readers get their alerts and reports?",
    (
        Row(
            "Outbox",
            (
                curve("Messages that wait", "keeper_outbox_messages", "{{kind}}"),
                curve(
                    "Of them held",
                    "keeper_outbox_held_messages",
                    "{{kind}}",
                    "For quiet hours, a snooze or the daily cap.",
                ),
                curve(
                    "How long the first has been due",
                    "keeper_outbox_oldest_due_seconds",
                    "{{kind}}",
                    "OutboxStuck fires above 900 s.",
                    Unit.SECONDS,
                ),
            ),
        ),
        Row(
            "Deliveries, last hour",
            (
                curve("Attempts", "keeper_deliveries_last_hour", "{{kind}} {{outcome}}"),
                curve(
                    "Seconds an attempt took",
                    "keeper_delivery_seconds_last_hour / (keeper_deliveries_last_hour > 0)",
                    "{{kind}} {{outcome}}",
                    "The mean.",
                    Unit.SECONDS,
                ),
            ),
        ),
    ),
)

BOARDS: Final = (OVERVIEW, PIPELINE, LOADING, TOKENS, MESSAGES, STORES)
