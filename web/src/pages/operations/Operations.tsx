import type { ComponentType } from "react";
import { Route, Switch } from "wouter";
import { Page } from "../../components/Page";
import { Subpages } from "../../components/Subpages";
import { useSession } from "../../session";
import type { TextKey } from "../../texts/keys";
import { useTexts } from "../../texts/texts";
import NotFound from "../NotFound";
import { AuditLog } from "./AuditLog";
import { DeadLetter } from "./DeadLetter";
import { DeadLetters } from "./DeadLetters";
import { Notices } from "./Notices";
import { Quarantine } from "./Quarantine";
import { Requests } from "./Requests";
import { Run } from "./Run";
import { Runs } from "./Runs";
import { Search } from "./Search";
import { Services } from "./Services";
import { Storage } from "./Storage";
import { Tokens } from "./Tokens";
import { Topics } from "./Topics";
import { User } from "./User";
import { Users } from "./Users";

const PARTS: readonly (readonly [path: string, text: TextKey, component: ComponentType])[] = [
  ["/operations", "operations.services", Services],
  ["/operations/runs", "operations.runs", Runs],
  ["/operations/tokens", "operations.tokens", Tokens],
  ["/operations/topics", "operations.topics", Topics],
  ["/operations/dead-letters", "operations.deadLetters", DeadLetters],
  ["/operations/quarantine", "operations.quarantine", Quarantine],
  ["/operations/search", "operations.search", Search],
  ["/operations/storage", "operations.storage", Storage],
  ["/operations/notices", "operations.notices", Notices],
  ["/operations/requests", "operations.requests", Requests],
  ["/operations/users", "operations.users", Users],
  ["/operations/audit-log", "operations.auditLog", AuditLog],
];

/** What operators look after. Who is none gets the page that is not there, as from the API. */
export default function Operations() {
  const { t } = useTexts();
  const { isOperator } = useSession();
  if (!isOperator) return <NotFound />;
  return (
    <Page title={t("operations.title")}>
      <Subpages
        label={t("operations.parts")}
        pages={PARTS.map(([path, text]) => [path, t(text)] as const)}
      />
      <Switch>
        {PARTS.map(([path, , component]) => (
          <Route key={path} path={path} component={component} />
        ))}
        <Route path="/operations/runs/:dag/*" component={Run} />
        <Route path="/operations/dead-letters/:topic/:place" component={DeadLetter} />
        <Route path="/operations/users/:id" component={User} />
        <Route component={NotFound} />
      </Switch>
    </Page>
  );
}
