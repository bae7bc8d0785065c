"""The embedding jobs: one message, one record, a vector for each input or chunk of one."""

from shared.embedding_messages import EmbeddingJob
from shared.names import EMBEDDING_JOBS, EMBEDDING_JOBS_POISON, embedding_folder
from shared.pipelines import embeddings
from shared.single_jobs import SingleJobs

_JOBS = SingleJobs("embedding", EMBEDDING_JOBS, EMBEDDING_JOBS_POISON, EmbeddingJob, embedding_folder, embeddings.start)
embedding_message, buried, parse = _JOBS.received, _JOBS.buried, _JOBS.parse
