"""A graph that answers without a model: five words, one every 150 ms.

The delay is there so that a test can see whether a proxy passes each chunk on
when it arrives or holds the answer back. Works with 10xscale-agentflow-cli 0.6.1
and 10xgraph-api 0.9.0 (which keeps `agentflow` as an alias of `tenxgraph`).
"""

import asyncio
import os

from agentflow.core.graph import StateGraph
from agentflow.core.state import AgentState, Message
from agentflow.runtime.adapters.llm.base_converter import BaseConverter
from agentflow.runtime.adapters.llm.model_response_converter import ModelResponseConverter
from agentflow.storage.checkpointer import InMemoryCheckpointer
from agentflow.utils import END

CHUNKS = int(os.environ.get("FIXTURE_CHUNKS", "5"))
DELAY = float(os.environ.get("FIXTURE_DELAY_MS", "150")) / 1000


class Words(BaseConverter):
    """Stands where a model's answer would be converted; the only hook that streams."""

    async def convert_response(self, response):
        return Message.text_message("".join(response), role="assistant")

    async def convert_streaming_response(self, config, node_name, response, meta=None):
        for word in response:
            await asyncio.sleep(DELAY)
            part = Message.text_message(word, role="assistant")
            part.delta = True
            yield part
        yield Message.text_message("".join(response), role="assistant")


async def answer(state: AgentState, config: dict):
    words = [f"chunk-{i} " for i in range(1, CHUNKS + 1)]
    # Says whom the origin took the caller for, so that a test can compare.
    words[-1] += "for " + str((config.get("user") or {}).get("user_id"))
    return ModelResponseConverter(words, converter=Words())


graph = StateGraph(AgentState)
graph.add_node("answer", answer)
graph.add_edge("answer", END)
graph.set_entry_point("answer")

app = graph.compile(checkpointer=InMemoryCheckpointer())
