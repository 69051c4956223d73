import { Type } from "typebox";
import { roles } from "../domain/access-rules.ts";
import { about, describedShape, namedShape, nullable, timeSchema } from "./schema-parts.ts";

export const sessionBody = namedShape("SessionSettings", {
  token: about("The token of an API key.", Type.String({ examples: ["rbk_…"], writeOnly: true })),
  remember: about(
    "true: the browser keeps the cookie when it is closed, for 30 days.",
    Type.Optional(Type.Boolean({ default: false })),
  ),
});

export const sessionSchema = describedShape("Session", "Who makes the request, and what the caller may do.", {
  account: about("The account on which requests act.", Type.String()),
  role: Type.Enum([...roles]),
  name: about("The name of the API key; null: the request needs no key.", nullable(Type.String())),
  topics: about(
    "The key is valid for topics with these names only; null: for all.",
    nullable(Type.Array(Type.String())),
  ),
  expiresAt: nullable(timeSchema("The key is not valid from this time on.")),
  portal: about("True: the key belongs to a portal link.", Type.Boolean()),
  via: about(
    "Where the key came from. open: the server needs none, because only programs of this machine can reach it.",
    Type.Enum(["open", "header", "cookie"]),
  ),
});
