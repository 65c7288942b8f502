import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, type Locale, read, type Schema } from "../../api/client";
import { ButtonLink } from "../../components/Button";
import { Empty } from "../../components/Empty";
import { useFailure } from "../../components/Failed";
import { Choice } from "../../components/Field";
import { Page } from "../../components/Page";
import { Pages } from "../../components/Pages";
import { Simulated } from "../../components/Simulated";
import { Skeleton } from "../../components/Skeleton";
import { siteOf } from "../../format";
import { LOCALES } from "../../locales";
import { useTexts } from "../../texts/texts";
import { useAddress } from "../../useAddress";
import { useChosen } from "../../useChosen";
import { Decide } from "./Decide";
import { Discoveries } from "./Discoveries";
import styles from "./Discovery.module.css";
import { ProposalTable } from "./ProposalTable";
import { keyOf } from "./proposals";

const PER_PAGE = 50;
const STATES = ["PROPOSED", "APPROVED", "REJECTED"] as const;

/** Products that searches propose to watch, and the decisions of operators. */
export default function Discovery() {
  const { t } = useTexts();
  const { said, say } = useAddress();
  const state = STATES.find((one) => one === said("state")) ?? "PROPOSED";
  const query = {
    limit: PER_PAGE,
    total: true,
    state,
    ...(said("domain") && { domain: said("domain") as Locale }),
    ...(/^\d+$/.test(said("by")) && { discovery_id: Number(said("by")) }),
    ...(said("cursor") && { cursor: said("cursor") }),
  };
  const proposals = useQuery({
    queryKey: ["deals", "proposals", query],
    queryFn: () => read(api.GET("/api/v1/proposals", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  const failure = useFailure(proposals);
  const items = proposals.data?.items ?? NONE;
  const keys = useMemo(() => items.map(keyOf), [items]);
  const chosen = useChosen(keys);
  return (
    <Page
      title={t("discovery.title")}
      action={<ButtonLink to="/deals">{t("discovery.back")}</ButtonLink>}
    >
      <search className={styles.filters}>
        <Choice
          label={t("watches.status")}
          value={state}
          onChange={(event) => say({ state: event.target.value })}
          options={STATES.map((one) => [one, t(`discovery.${one}`)])}
        />
        <Choice
          label={t("watches.locale")}
          value={said("domain")}
          onChange={(event) => say({ domain: event.target.value })}
          options={[
            ["", t("watches.any", { what: t("watches.locale") })],
            ...LOCALES.map((one) => [one, siteOf(one)] as const),
          ]}
        />
      </search>
      <Simulated of={items} />
      {proposals.isPending && !failure && <Skeleton lines={8} height={56} />}
      {failure}
      {proposals.data && items.length === 0 && (
        <Empty
          says={t("discovery.none")}
          {...(state === "PROPOSED" && { hint: t("discovery.noneDo") })}
        />
      )}
      {items.length > 0 && (
        <>
          <ProposalTable
            proposals={items}
            chosen={state === "PROPOSED" ? chosen : null}
            isOld={proposals.isPlaceholderData}
          />
          {state === "PROPOSED" && (
            <Decide
              chosen={items.filter((one) => chosen.has(keyOf(one)))}
              onNone={() => chosen.set([])}
            />
          )}
          <Pages
            shown={items.length}
            perPage={PER_PAGE}
            next={proposals.data?.next_cursor ?? null}
            total={proposals.data?.total ?? null}
          />
        </>
      )}
      <Discoveries />
    </Page>
  );
}

const NONE: readonly Schema["ProposalReply"][] = [];
