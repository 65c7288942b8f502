import { lazy, Suspense } from "react";
import { Route, Router, Switch } from "wouter";
import { PAGES_PATH } from "./api/client";
import { Frame } from "./components/Frame";
import { Skeleton } from "./components/Skeleton";
import { ToastProvider } from "./components/Toast";
import { LiveUpdates } from "./live";
import { SessionProvider } from "./session";

const Home = lazy(() => import("./pages/home/Home"));
const Watches = lazy(() => import("./pages/watches/Watches"));
const Add = lazy(() => import("./pages/watches/Add"));
const Product = lazy(() => import("./pages/product/Product"));
const NotFound = lazy(() => import("./pages/NotFound"));

export function App() {
  return (
    <Router base={PAGES_PATH}>
      <SessionProvider>
        <LiveUpdates />
        <ToastProvider>
          <Frame>
            <Suspense fallback={<Skeleton lines={8} />}>
              <Switch>
                <Route path="/" component={Home} />
                <Route path="/watches" component={Watches} />
                <Route path="/add" component={Add} />
                <Route path="/products/:domain/:asin" component={Product} />
                <Route component={NotFound} />
              </Switch>
            </Suspense>
          </Frame>
        </ToastProvider>
      </SessionProvider>
    </Router>
  );
}
