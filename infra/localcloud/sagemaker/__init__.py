"""SageMaker hosting: models, endpoint configurations, endpoints, and what happens behind them."""
