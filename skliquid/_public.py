"""What `import skliquid` offers by name, from where each is defined."""

from .estimators._classifier import LSMClassifier as LSMClassifier
from .estimators._early import EarlyLSMClassifier as EarlyLSMClassifier
from .estimators._early_stream import EarlyLSMStream as EarlyLSMStream
from .estimators._forecaster import LSMForecaster as LSMForecaster
from .estimators._regressor import LSMRegressor as LSMRegressor
from .estimators._sequence_regressor import LSMSequenceRegressor as LSMSequenceRegressor
from .estimators._stream import LiquidStream as LiquidStream
from .estimators._stream import LSMStream as LSMStream
from .estimators._transformer import LiquidTransformer as LiquidTransformer
from .event_sources import from_events as from_events
from .readouts._leaky import LeakyReadoutClassifier as LeakyReadoutClassifier
from .readouts._ridge import RidgeReadoutClassifier as RidgeReadoutClassifier
from .readouts._ridge import RidgeReadoutRegressor as RidgeReadoutRegressor
