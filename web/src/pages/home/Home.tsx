import { useQuery } from "@tanstack/react-query";
import { api, read } from "../../api/client";
import { ButtonLink } from "../../components/Button";
import { useFailure } from "../../components/Failed";
import { Page } from "../../components/Page";
import { Simulated } from "../../components/Simulated";
import { Skeleton } from "../../components/Skeleton";
import { useTexts } from "../../texts/texts";
import { Attention, useMatters } from "./Attention";
import { FirstWatch } from "./FirstWatch";
import styles from "./Home.module.css";
import { Remarkable, useRemarkable } from "./Remarkable";
import { State } from "./State";

/** What matters now: what needs attention, what dropped, what is at its lowest, what comes next. */
export default function Home() {
  const { t } = useTexts();
  const summary = useQuery({
    queryKey: ["home", "summary"],
    queryFn: () => read(api.GET("/api/v1/summary")),
  });
  const failure = useFailure(summary);
  const dropped = useRemarkable("dropped");
  const lowest = useRemarkable("lowest");
  const matters = useMatters();
  // How high a part is shows when it is read: all of it comes at once, so that nothing jumps.
  const isPending = [summary, dropped, lowest, matters.channels, matters.unread].some(
    (one) => one.isPending && !one.isFetched,
  );
  const shown = [...(dropped.data?.items ?? []), ...(lowest.data?.items ?? [])];
  const isNew =
    !isPending && summary.data && summary.data.watches + summary.data.watches_paused === 0;
  return (
    <Page
      title={t("home.title")}
      action={
        !isNew && (
          <ButtonLink to="/add" look="main">
            {t("watches.add")}
          </ButtonLink>
        )
      }
    >
      {isPending && !failure && <Skeleton lines={8} height={56} />}
      {failure}
      {isNew && <FirstWatch />}
      <Simulated of={isPending ? [] : shown.map(({ price }) => price)} />
      {summary.data && !isNew && !isPending && (
        <div className={styles.home}>
          <Attention summary={summary.data} {...matters} />
          <div className={styles.lists}>
            <Remarkable price="dropped" found={dropped} />
            <Remarkable price="lowest" found={lowest} />
          </div>
          <State summary={summary.data} />
        </div>
      )}
    </Page>
  );
}
