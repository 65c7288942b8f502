import { useQuery } from "@tanstack/react-query";
import { useParams, useSearchParams } from "wouter";
import { ApiError, api, type Locale, type PriceType, read, type Schema } from "../../api/client";
import { Failed } from "../../components/Failed";
import { Skeleton } from "../../components/Skeleton";
import { currencyOf, siteOf } from "../../format";
import { ProductOf } from "./ProductOf";
import { isPriceType } from "./priceTypes";
import { useWatches } from "./useWatches";

type Prices = Schema["ProductPricesReply"];

/** A product at an Amazon site, and one of its prices: as asked, else the watched one. */
export default function Product() {
  const { domain, asin } = useParams<{ domain: Locale; asin: string }>();
  const [search] = useSearchParams();
  const product = useQuery({
    queryKey: ["product", domain, asin],
    queryFn: () => pricesOf(asin, domain),
  });
  const watches = useWatches(asin, domain);
  if (product.isPending || watches.isPending) return <Skeleton lines={10} height={40} />;
  if (product.error) return <Failed error={product.error} retry={product.refetch} />;
  if (watches.error) return <Failed error={watches.error} retry={watches.refetch} />;
  const asked = search.get("type");
  const watched = watches.data.map((one) => one.price_type as PriceType);
  const known = product.data.prices.map((price) => price.price_type as PriceType);
  const usual = known.includes("NEW") ? "NEW" : (known[0] ?? "NEW");
  const priceType = isPriceType(asked) ? asked : (watched[0] ?? usual);
  const watch = watches.data.find((one) => one.price_type === priceType);
  return (
    <ProductOf
      key={`${domain} ${asin} ${priceType}`}
      product={{ ...product.data, title: product.data.title ?? watch?.title ?? null }}
      domain={domain}
      priceType={priceType}
      watch={watch}
    />
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
