import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useParams, useSearchParams } from "wouter";
import { ApiError, api, type Locale, type PriceType, read, type Schema } from "../../api/client";
import { useFailure } from "../../components/Failed";
import { Skeleton } from "../../components/Skeleton";
import { currencyOf, siteOf } from "../../format";
import type { Draft } from "../rules/draft";
import { ProductOf } from "./ProductOf";
import { isPriceType } from "./priceTypes";
import { useWatches } from "./useWatches";

type Prices = Schema["ProductPricesReply"];
type Named = { domain: Locale; asin: string };

/** A product at an Amazon site, and one of its prices: as asked, else the watched one. */
export default function Product() {
  const named = useParams<Named>();
  return <PriceOf key={`${named.domain} ${named.asin}`} {...named} />;
}

function PriceOf({ domain, asin }: Named) {
  const [search] = useSearchParams();
  const product = useQuery({
    queryKey: ["product", domain, asin],
    queryFn: () => pricesOf(asin, domain),
  });
  const watches = useWatches(asin, domain);
  const [begun, setBegun] = useState<Draft | null>(null);
  const [unread, unlisted] = [useFailure(product), useFailure(watches)];
  const failure = unread ?? unlisted;
  if (!product.data || !watches.data) return failure ?? <Skeleton lines={10} height={40} />;
  const asked = search.get("type");
  const watched = watches.data.map((one) => one.price_type as PriceType);
  const known = product.data.prices.map((price) => price.price_type as PriceType);
  const usual = known.includes("NEW") ? "NEW" : (known[0] ?? "NEW");
  const priceType = isPriceType(asked) ? asked : (watched[0] ?? usual);
  const watch = watches.data.find((one) => one.price_type === priceType);
  return (
    <>
      {failure}
      <ProductOf
        key={priceType}
        product={{ ...product.data, title: product.data.title ?? watch?.title ?? null }}
        domain={domain}
        priceType={priceType}
        watch={watch}
        begun={begun}
        onBegun={setBegun}
      />
    </>
  );
}

/** Read a product's prices; what nobody has fetched yet has none, and can be watched. */
async function pricesOf(asin: string, domain: Locale): Promise<Prices> {
  try {
    const params = { path: { asin }, query: { domain } };
    return await read(api.GET("/api/v1/prices/{asin}", { params }));
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
    return {
      asin,
      domain,
      currency: currencyOf(domain),
      title: null,
      url: `https://www.${siteOf(domain)}/dp/${asin}`,
      image_url: null,
      kind: null,
      prices: [],
    };
  }
}
