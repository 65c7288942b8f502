import { useQuery } from "@tanstack/react-query";
import { api, read } from "../../api/client";
import { ButtonLink } from "../../components/Button";
import { Failed } from "../../components/Failed";
import { Page } from "../../components/Page";
import { Skeleton } from "../../components/Skeleton";
import { useTexts } from "../../texts/texts";
import { Attention } from "./Attention";
import { FirstWatch } from "./FirstWatch";
import styles from "./Home.module.css";
import { Remarkable } from "./Remarkable";
import { State } from "./State";

/** What matters now: what needs attention, what dropped, what is at its lowest, what comes next. */
export default function Home() {
  const { t } = useTexts();
  const summary = useQuery({
    queryKey: ["home", "summary"],
    queryFn: () => read(api.GET("/api/v1/summary")),
  });
  const isNew = summary.data && summary.data.watches + summary.data.watches_paused === 0;
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
      {summary.isPending && <Skeleton lines={8} height={56} />}
      {summary.error && <Failed error={summary.error} retry={summary.refetch} />}
      {isNew && <FirstWatch />}
      {summary.data && !isNew && (
        <div className={styles.home}>
          <Attention summary={summary.data} />
          <div className={styles.lists}>
            <Remarkable price="dropped" sort="change" />
            <Remarkable price="lowest" sort="-priced_at" />
          </div>
          <State summary={summary.data} />
        </div>
      )}
    </Page>
  );
}
