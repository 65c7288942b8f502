import { useQuery } from "@tanstack/react-query";
import { api, read } from "../api/client";
import { ButtonLink } from "../components/Button";
import { Empty } from "../components/Empty";
import { Failed } from "../components/Failed";
import { Page } from "../components/Page";
import { Skeleton } from "../components/Skeleton";
import { useTexts } from "../texts/texts";

export default function Home() {
  const { t } = useTexts();
  const summary = useQuery({
    queryKey: ["home", "summary"],
    queryFn: () => read(api.GET("/api/v1/summary")),
  });
  return (
    <Page
      title={t("home.title")}
      action={
        <ButtonLink to="/add" look="main">
          {t("watches.add")}
        </ButtonLink>
      }
    >
      {summary.isPending && <Skeleton lines={6} />}
      {summary.error && <Failed error={summary.error} retry={summary.refetch} />}
      {summary.data?.watches === 0 && (
        <Empty
          says={t("watches.empty")}
          hint={t("watches.emptyDo")}
          action={
            <ButtonLink to="/add" look="main">
              {t("watches.add")}
            </ButtonLink>
          }
        />
      )}
    </Page>
  );
}
