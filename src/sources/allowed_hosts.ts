/**
 * Where a file may come from: a host of the list, over an encrypted connection, at a public address.
 *
 * What is listed with a port (`data.example.internal:8443`) was meant literally: there a private address will do, and
 * on this machine plain http, too. Addresses are told apart by ipaddr.js; what odd forms there are (0x7f.1, 2130706433)
 * the URL parser has already made plain.
 *
 * The name is resolved here and once more by `fetch`, which can't be told to use an address: a Worker's right to
 * connect is to names. A name that changes its address in between (DNS rebinding) gets a TLS greeting out and no more,
 * since nothing inside a private network has a certificate for a listed host.
 */
import { lookup } from "node:dns/promises";
import process from "node:process";
import ipaddr from "ipaddr.js";
import { AppError } from "@/shared/errors.ts";

export interface HostPolicy {
  /** `host`, `*.host` for all below it, or `host:port`. */
  allowedHosts: readonly string[];
  /** All addresses of a name; throws when it has none. */
  resolve(host: string): Promise<string[]>;
}

/** As the system resolves names. */
export async function resolveBySystem(host: string): Promise<string[]> {
  // Deno 2.6 prints a warning about a module of its own at the first look-up.
  (process as { noDeprecation?: boolean }).noDeprecation = true;
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/** @throws AppError permission_denied, naming the setting, or invalid_argument */
export async function checkAddress(url: URL, policy: HostPolicy): Promise<void> {
  const cannot = `Cannot download from ${url.host}:`;
  if (url.username !== "" || url.password !== "") {
    throw new AppError("invalid_argument", `${cannot} the address holds a login`, {
      hint: "It would be kept with the data. Download the file yourself, and give its path.",
    });
  }
  const listed = howListed(url, policy.allowedHosts);
  if (listed === null) {
    throw new AppError("permission_denied", `${cannot} it is not among the allowed hosts`, {
      hint:
        `If you trust it, add ${url.host} to sources.allowed_hosts (MLMCP_SOURCES_ALLOWED_HOSTS) and start ` +
        "again; or download the file yourself, and give its path.",
    });
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = ipaddr.isValid(host) ? [host] : await addressesOf(host, policy);
  const local = addresses.length > 0 && addresses.every((address) => rangeOf(address) === "loopback");
  if (url.protocol !== "https:" && !(url.protocol === "http:" && listed === "literally" && local)) {
    throw new AppError("permission_denied", `${cannot} the connection would not be encrypted`, {
      hint: "Use the address that starts with https://.",
    });
  }
  const inside = listed === "literally"
    ? undefined
    : addresses.find((address) => rangeOf(address) !== "unicast");
  if (inside === undefined) return;
  throw new AppError(
    "permission_denied",
    `${cannot} ${inside === host ? "it is" : `its address ${inside} is`} no public address`,
    {
      hint: `If that is meant, list it with its port in sources.allowed_hosts: ${url.hostname}:${
        portOf(url)
      }.`,
    },
  );
}

/** A name that can't be resolved here may be known to the proxy; otherwise `fetch` says so. */
async function addressesOf(host: string, policy: HostPolicy): Promise<string[]> {
  try {
    return await policy.resolve(host);
  } catch {
    return [];
  }
}

/** unicast, private, loopback, linkLocal, …; an IPv4 address inside one of IPv6 counts as itself. */
function rangeOf(address: string): string {
  try {
    // An IPv6 address of a link has a zone behind it: fe80::1%eth0.
    return ipaddr.process(address.replace(/%.*$/, "")).range();
  } catch {
    return "unknown";
  }
}

function howListed(url: URL, allowed: readonly string[]): "literally" | "by name" | null {
  const entries = allowed.map((entry) => entry.trim().toLowerCase());
  if (entries.includes(`${url.hostname}:${portOf(url)}`)) return "literally";
  const byName = url.port === "" &&
    entries.some((entry) =>
      entry === url.hostname || (entry.startsWith("*.") && url.hostname.endsWith(entry.slice(1)))
    );
  return byName ? "by name" : null;
}

function portOf(url: URL): string {
  return url.port || (url.protocol === "http:" ? "80" : "443");
}
