import { lazy, type ReactNode, Suspense } from "react";
import { Redirect, Route, Router, Switch, useLocation } from "wouter";
import { PAGES_PATH } from "./api/client";
import { Boundary } from "./components/Boundary";
import { Frame } from "./components/Frame";
import { Skeleton } from "./components/Skeleton";
import { ToastProvider } from "./components/Toast";
import { LiveUpdates } from "./live";
import { SessionProvider } from "./session";
import { withTexts } from "./texts/texts";

const Home = withTexts(
  ["lists"],
  lazy(() => import("./pages/home/Home")),
);
const Watches = withTexts(
  ["lists"],
  lazy(() => import("./pages/watches/Watches")),
);
const Add = withTexts(
  ["lists"],
  lazy(() => import("./pages/watches/Add")),
);
const Deals = withTexts(
  ["lists", "work"],
  lazy(() => import("./pages/deals/Deals")),
);
const Discovery = withTexts(
  ["lists", "work"],
  lazy(() => import("./pages/discovery/Discovery")),
);
const Product = lazy(() => import("./pages/product/Product"));
const Messages = withTexts(
  ["work"],
  lazy(() => import("./pages/messages/Messages")),
);
const Operations = withTexts(
  ["work"],
  lazy(() => import("./pages/operations/Operations")),
);
const Settings = withTexts(
  ["work"],
  lazy(() => import("./pages/settings/Settings")),
);
const NotFound = lazy(() => import("./pages/NotFound"));

export function App() {
  return (
    <Router base={PAGES_PATH}>
      <SessionProvider>
        <LiveUpdates />
        <ToastProvider>
          <Frame>
            <Guarded>
              <Suspense fallback={<Skeleton lines={8} />}>
                <Switch>
                  <Route path="/" component={Home} />
                  <Route path="/telegram">
                    <Redirect to="/" replace />
                  </Route>
                  <Route path="/watches" component={Watches} />
                  <Route path="/add" component={Add} />
                  <Route path="/deals" component={Deals} />
                  <Route path="/deals/discovery" component={Discovery} />
                  <Route path="/products/:domain/:asin" component={Product} />
                  <Route path="/messages/*?" component={Messages} />
                  <Route path="/operations/*?" component={Operations} />
                  <Route path="/settings" component={Settings} />
                  <Route component={NotFound} />
                </Switch>
              </Suspense>
            </Guarded>
          </Frame>
        </ToastProvider>
      </SessionProvider>
    </Router>
  );
}

function Guarded({ children }: { children: ReactNode }) {
  return <Boundary at={useLocation()[0]}>{children}</Boundary>;
}
