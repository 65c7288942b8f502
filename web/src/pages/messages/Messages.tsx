import { Route, Switch } from "wouter";
import { Page } from "../../components/Page";
import { Subpages } from "../../components/Subpages";
import { useTexts } from "../../texts/texts";
import NotFound from "../NotFound";
import { Alerts } from "./Alerts";
import { Channels } from "./Channels";
import { Message } from "./Message";
import { Report } from "./Report";
import { Reports } from "./Reports";
import { Rules } from "./Rules";
import { Sent } from "./Sent";

/** What was sent when to which channel and why, and when anything may come at all. */
export default function Messages() {
  const { t } = useTexts();
  return (
    <Page title={t("messages.title")}>
      <Subpages
        label={t("messages.parts")}
        pages={[
          ["/messages", t("messages.alerts")],
          ["/messages/sent", t("messages.sent")],
          ["/messages/channels", t("messages.channels")],
          ["/messages/rules", t("messages.rules")],
          ["/messages/reports", t("messages.reports")],
        ]}
      />
      <Switch>
        <Route path="/messages" component={Alerts} />
        <Route path="/messages/sent" component={Sent} />
        <Route path="/messages/sent/:id" component={Message} />
        <Route path="/messages/channels" component={Channels} />
        <Route path="/messages/rules" component={Rules} />
        <Route path="/messages/reports" component={Reports} />
        <Route path="/messages/reports/:id" component={Report} />
        <Route component={NotFound} />
      </Switch>
    </Page>
  );
}
