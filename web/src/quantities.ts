import { numberText } from "./format";

const BYTES = ["B", "kB", "MB", "GB", "TB"] as const;
const ROW = 16;

/** Return a size in the largest unit that fits: "24.6 MB". */
export function bytesText(bytes: number, language: string): string {
  let unit = 0;
  let size = bytes;
  while (size >= 1000 && unit < BYTES.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${numberText(size, language)} ${BYTES[unit]}`;
}

/** Return how long something took: "4.2 s", "2 min 13 s", "1 h 4 min". */
export function durationText(seconds: number, language: string): string {
  if (seconds < 60) return `${numberText(seconds, language)} s`;
  const whole = Math.round(seconds);
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  if (minutes < 60) return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
  const [hours, left] = [Math.floor(minutes / 60), minutes % 60];
  return left === 0 ? `${hours} h` : `${hours} h ${left} min`;
}

/** Return bytes as programs that look into files show them: place, sixteen in hex, what is text. */
export function hexLines(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += ROW) {
    const row = [...bytes.subarray(at, at + ROW)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "."));
    lines.push(`${at.toString(16).padStart(8, "0")}  ${hex.padEnd(ROW * 3 - 1)}  ${text.join("")}`);
  }
  return lines;
}

/** Return the bytes that base64 stands for. */
export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
