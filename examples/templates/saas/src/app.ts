import { Hono, type Context } from "hono";
import { html } from "hono/html";
import type { Customer, Customers } from "./customers.ts";
import type { Outbox } from "./outbox.ts";

/** The pages of the SaaS. Who is signed in is left out: each customer's pages are below its number. */
export function createApp(customers: Customers, outbox: Outbox): Hono {
  const app = new Hono();

  /** Answers with what `show` returns for the customer of the path. */
  const ofCustomer =
    (show: (customer: Customer, context: Context) => Promise<Response>) =>
    async (context: Context): Promise<Response> => {
      const customer = await customers.find(Number(context.req.param("id")));
      return customer === undefined ? context.notFound() : show(customer, context);
    };
  const back = (context: Context, { id }: Customer): Response => context.redirect(`/customers/${id}`, 303);

  app.get("/", async (context) => {
    const rows = (await customers.list()).map(({ id, name }) => html`<li><a href="/customers/${id}">${name}</a></li>`);
    const form = html`<form method="post" action="/customers">
      <input name="name" aria-label="Name" required /> <button>Add a customer</button>
    </form>`;
    return context.html(
      page(
        "Customers",
        html`<ul>
            ${rows}
          </ul>
          ${form}`,
      ),
    );
  });

  app.post("/customers", async (context) => {
    const { name } = await context.req.parseBody();
    return back(context, await customers.add(String(name)));
  });

  app.get(
    "/customers/:id",
    ofCustomer(async (customer, context) => {
      const rows = (await customers.invoices(customer)).map(
        ({ id, amount, state }) =>
          html`<tr>
            <td>${id}</td>
            <td>${amount}</td>
            <td>${state}</td>
            <td>
              ${
                state === "open" &&
                html`<form method="post" action="/customers/${customer.id}/invoices/${id}/pay">
                  <button>Pay</button>
                </form>`
              }
            </td>
          </tr>`,
      );
      const form = html`<form method="post" action="/customers/${customer.id}/invoices">
        <input name="amount" type="number" min="1" value="120" aria-label="Amount" /> <button>Add an invoice</button>
      </form>`;
      const portal = html`<p><a href="/customers/${customer.id}/webhooks">Webhooks</a></p>`;
      return context.html(
        page(
          customer.name,
          html`${portal}
            <table>
              ${rows}
            </table>
            ${form}`,
        ),
      );
    }),
  );

  app.post(
    "/customers/:id/invoices",
    ofCustomer(async (customer, context) => {
      const { amount } = await context.req.parseBody();
      await outbox.addInvoice(customer, Number(amount));
      return back(context, customer);
    }),
  );

  app.post(
    "/customers/:id/invoices/:invoice/pay",
    ofCustomer(async (customer, context) => {
      await outbox.payInvoice(customer, Number(context.req.param("invoice")));
      return back(context, customer);
    }),
  );

  app.get(
    "/customers/:id/webhooks",
    ofCustomer(async (customer, context) => {
      const frame = html`<iframe src="${await customers.portalUrl(customer)}" title="Webhooks"></iframe>`;
      return context.html(page(`Webhooks of ${customer.name}`, frame));
    }),
  );

  return app;
}

const style = `body { font: 15px/1.5 system-ui; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
  iframe { width: 100%; height: 80vh; border: 1px solid #ccc } td { padding: 0.25rem 1rem 0.25rem 0 }`;

function page(title: string, content: unknown) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <title>${title}</title>
        <meta name="viewport" content="width=device-width" />
        <style>
          ${style}
        </style>
      </head>
      <body>
        <p><a href="/">SaaS</a></p>
        <h1>${title}</h1>
        ${content}
      </body>
    </html>`;
}
