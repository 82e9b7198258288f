// A contact form: sends the message to an agent and gives back what it drafted. The token must not reach a
// browser that you do not trust: this belongs into a server-side handler, or behind a login.
export async function draftAnswer(webhookUrl, token, formData) {
  const response = await fetch(webhookUrl, {
    method: 'POST',
    headers: {
      'Authorization': `Bearer ${token}`,
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({
      prompt: `Classify this customer inquiry and draft a response:\n\n${formData.message}`,
    }),
  });
  const reply = await response.json();
  if (!reply.ok)
    throw new Error(reply.error);
  return reply.response;
}
