import { Component, type ReactNode } from "react";
import { Failed } from "./Failed";

interface Props {
  /** What is shown: another page is tried anew. */
  at: string;
  children: ReactNode;
}

/** Says that a page could not be drawn or fetched, where there would be nothing. */
export class Boundary extends Component<Props, { error: Error | null; at: string }> {
  override state = { error: null, at: this.props.at };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  static getDerivedStateFromProps({ at }: Props, state: { at: string }) {
    return at === state.at ? null : { error: null, at };
  }

  override render(): ReactNode {
    const { error } = this.state;
    return error ? <Failed error={error} retry={() => location.reload()} /> : this.props.children;
  }
}
