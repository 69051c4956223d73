import { Component, type ReactNode } from "react";
import { useLocation } from "wouter";
import { ProblemNotice } from "../parts/notice.tsx";

/** Shows an error of a screen in its place, so that the menu stays usable. Another screen is shown as usual. */
export function ScreenErrors({ children }: { readonly children: ReactNode }) {
  const [location] = useLocation();
  return <Boundary key={location}>{children}</Boundary>;
}

interface Caught {
  readonly error: unknown;
}

class Boundary extends Component<{ readonly children: ReactNode }, Caught> {
  override readonly state: Caught = { error: null };

  static getDerivedStateFromError(error: unknown): Caught {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return <ProblemNotice error={this.state.error} retry={() => this.setState({ error: null })} />;
  }
}
